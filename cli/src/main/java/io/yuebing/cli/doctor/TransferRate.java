package io.yuebing.cli.doctor;

import io.yuebing.transfer.BatchOptions;
import io.yuebing.transfer.Slice;
import io.yuebing.transfer.SliceRead;
import io.yuebing.transfer.SliceWrite;
import io.yuebing.transfer.TransferBatch;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletionException;

/**
 * How fast bytes travel over a session, measured in about a second.
 *
 * @param bytesPerSecond with several batches under way, the fastest of some rounds
 * @param roundTripMicros of one slice, the shortest of a few
 * @param sliceBytes what was sent in one piece
 */
record TransferRate(double bytesPerSecond, double roundTripMicros, long sliceBytes) {
    private static final Duration ROUND = Duration.ofMillis(100);

    /** Code that has just been loaded is compiled while it runs: later rounds are faster, until none is. */
    private static final int MOST_ROUNDS = 12;

    private static final int ROUNDS_WITHOUT_GAIN = 3;
    private static final BatchOptions PATIENT = BatchOptions.within(Duration.ofSeconds(2));
    private static final long MOST_BATCH_BYTES = 1 << 20;
    private static final int UNDER_WAY = 8;
    private static final int ROUND_TRIPS = 20;

    /**
     * @param session is closed if this fails, for until then its batches use the memory
     * @param write whether to write; nobody's data may be in the segment then
     */
    static TransferRate measure(TransferSession session, boolean write) throws TransferException {
        try (Arena arena = Arena.ofShared()) {
            long bytes = Math.min(MOST_BATCH_BYTES, session.segmentBytes());
            try {
                return measure(session, slices(arena.allocate(bytes, 4096), session.maxSliceBytes(), write), bytes);
            } catch (TransferException | RuntimeException e) {
                session.close();
                throw e;
            }
        }
    }

    private static TransferRate measure(TransferSession session, List<Slice> batch, long bytes)
            throws TransferException {
        double shortest = Double.MAX_VALUE;
        for (int i = 0; i < ROUND_TRIPS; i++) {
            long begin = System.nanoTime();
            await(session.submit(batch.subList(0, 1), PATIENT));
            shortest = Math.min(shortest, (System.nanoTime() - begin) / 1e3);
        }
        double fastest = 0;
        int withoutGain = 0;
        for (int round = 0; round < MOST_ROUNDS && withoutGain < ROUNDS_WITHOUT_GAIN; round++) {
            long begin = System.nanoTime();
            long moved = run(session, batch) * bytes;
            double speed = moved * 1e9 / (System.nanoTime() - begin);
            withoutGain = speed > fastest ? 0 : withoutGain + 1;
            fastest = Math.max(fastest, speed);
        }
        return new TransferRate(fastest, shortest, batch.getFirst().length());
    }

    private static List<Slice> slices(MemorySegment memory, int longest, boolean write) {
        List<Slice> slices = new ArrayList<>();
        for (long at = 0; at < memory.byteSize(); at += longest) {
            MemorySegment local = memory.asSlice(at, Math.min(longest, memory.byteSize() - at));
            slices.add(
                    write
                            ? new SliceWrite(Slice.NO_TICKET, 0, at, local)
                            : new SliceRead(Slice.NO_TICKET, 0, at, local));
        }
        return slices;
    }

    /** Keeps some batches under way for a round; how many were done. */
    private static long run(TransferSession session, List<Slice> slices) throws TransferException {
        Deque<TransferBatch> running = new ArrayDeque<>();
        long done = 0;
        long end = System.nanoTime() + ROUND.toNanos();
        while (System.nanoTime() < end) {
            running.add(session.submit(slices, PATIENT));
            if (running.size() == UNDER_WAY) {
                await(running.remove());
                done++;
            }
        }
        for (TransferBatch batch : running) {
            await(batch);
            done++;
        }
        return done;
    }

    private static void await(TransferBatch batch) throws TransferException {
        try {
            batch.done().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof TransferException failure) {
                throw failure;
            }
            throw e;
        }
    }
}
