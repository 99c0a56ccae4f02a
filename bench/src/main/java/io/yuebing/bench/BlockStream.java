package io.yuebing.bench;

import io.yuebing.transfer.BatchOptions;
import io.yuebing.transfer.Slice;
import io.yuebing.transfer.SliceRead;
import io.yuebing.transfer.SliceWrite;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferSession;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Keeps a number of blocks under way over one session, and counts. */
final class BlockStream {
    private static final int MOST_SAMPLES = 1 << 20;
    private static final BatchOptions PATIENT = BatchOptions.within(Duration.ofMinutes(1));

    private final TransferSession session;
    private final MemorySegment memory;
    private final ProcessHandle peer;

    /**
     * @param memory as large as the remote segment
     */
    BlockStream(TransferSession session, MemorySegment memory, ProcessHandle peer) {
        this.session = session;
        this.memory = memory;
        this.peer = peer;
    }

    /** What came out; CPU time is that of both processes. */
    record Speed(double gigabytesPerSecond, double p50Micros, double p99Micros, double cpuSecondsPerGigabyte) {}

    Speed run(TransferBench.Operation operation, long block, int inFlight, Duration time) throws TransferException {
        Run run = new Run(operation, block, System.nanoTime() + time.toNanos());
        long cpu = cpuNanos();
        long begin = System.nanoTime();
        for (int i = 0; i < inFlight; i++) {
            run.running.incrementAndGet();
            run.next();
        }
        try {
            run.over.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof TransferException failure) {
                throw failure;
            }
            throw e;
        }
        double bytes = (double) run.done.get() * block;
        long[] nanos = Arrays.copyOf(run.nanos, (int) Math.min(run.done.get(), MOST_SAMPLES));
        Arrays.sort(nanos);
        return new Speed(
                bytes / (run.lastNanos.get() - begin),
                nanos[nanos.length / 2] / 1e3,
                nanos[(int) (nanos.length * 0.99)] / 1e3,
                (cpuNanos() - cpu) / bytes);
    }

    private long cpuNanos() {
        return cpu(ProcessHandle.current()) + cpu(peer);
    }

    private static long cpu(ProcessHandle process) {
        return process.info().totalCpuDuration().map(Duration::toNanos).orElse(0L);
    }

    /** One measurement; each block that ends sends the next. */
    private final class Run {
        private final TransferBench.Operation operation;
        private final long block;
        private final long endNanos;
        private final long places;
        private final AtomicLong started = new AtomicLong();
        private final AtomicLong done = new AtomicLong();
        private final AtomicLong lastNanos = new AtomicLong();
        private final AtomicInteger running = new AtomicInteger();
        private final long[] nanos = new long[MOST_SAMPLES];
        private final CompletableFuture<Void> over = new CompletableFuture<>();

        private Run(TransferBench.Operation operation, long block, long endNanos) {
            this.operation = operation;
            this.block = block;
            this.endNanos = endNanos;
            this.places = session.segmentBytes() / block;
        }

        private void next() {
            long begin = System.nanoTime();
            try {
                session.submit(slices(started.getAndIncrement() % places * block), PATIENT)
                        .done()
                        .whenComplete((_, error) -> ended(begin, error));
            } catch (TransferException e) {
                over.completeExceptionally(e);
            }
        }

        private void ended(long begin, @Nullable Throwable error) {
            if (error != null) {
                over.completeExceptionally(error);
                return;
            }
            long now = System.nanoTime();
            nanos[(int) (done.getAndIncrement() % MOST_SAMPLES)] = now - begin;
            if (now < endNanos) {
                next();
            } else {
                lastNanos.accumulateAndGet(now, Math::max);
                if (running.decrementAndGet() == 0) {
                    over.complete(null);
                }
            }
        }

        private List<Slice> slices(long offset) {
            List<Slice> slices = new ArrayList<>();
            for (long at = 0; at < block; ) {
                long length = Math.min(session.maxSliceBytes(), block - at);
                MemorySegment local = memory.asSlice(offset + at, length);
                slices.add(
                        switch (operation) {
                            case WRITE -> new SliceWrite(Slice.NO_TICKET, 0, offset + at, local);
                            case READ -> new SliceRead(Slice.NO_TICKET, 0, offset + at, local);
                        });
                at += length;
            }
            return slices;
        }
    }
}
