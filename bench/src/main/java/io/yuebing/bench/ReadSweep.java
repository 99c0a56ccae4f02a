package io.yuebing.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Reads memory from one end to the other, a part by each thread, and does next to nothing with it. */
final class ReadSweep implements AutoCloseable {
    private static final VectorSpecies<Integer> LANES = IntVector.SPECIES_PREFERRED;
    private static final int STREAMS = 4;

    /** Small enough for a compiled loop with an int index; a method of its own so that it is compiled early. */
    private static final int CHUNK = 1 << 20;

    /** Keeps the compiler from leaving the work out. */
    private static volatile int sink;

    private final Arena arena;
    private final MemorySegment memory;
    private final long bytesPerThread;

    private ReadSweep(Arena arena, MemorySegment memory, long bytesPerThread) {
        this.arena = arena;
        this.memory = memory;
        this.bytesPerThread = bytesPerThread;
    }

    @SuppressWarnings("MustBeClosedChecker") // close() does
    static ReadSweep over(long bytes, int threads) {
        long chunks = Math.max(1, bytes / CHUNK / threads);
        Arena arena = Arena.ofShared();
        MemorySegment memory = arena.allocate(chunks * CHUNK * threads, CHUNK);
        memory.fill((byte) 1); // otherwise all pages would be the one page of zeros
        return new ReadSweep(arena, memory, chunks * CHUNK);
    }

    /** Reads the thread's part; returns its bytes. */
    long read(int thread) {
        int found = 0;
        for (long at = 0; at < bytesPerThread; at += CHUNK) {
            found |= readChunk(memory.asSlice(thread * bytesPerThread + at, CHUNK));
        }
        sink = found;
        return bytesPerThread;
    }

    private static int readChunk(MemorySegment chunk) {
        int step = LANES.vectorByteSize();
        IntVector a = IntVector.zero(LANES);
        IntVector b = a;
        IntVector c = a;
        IntVector d = a;
        for (int at = 0; at < CHUNK; at += STREAMS * step) {
            a = a.or(IntVector.fromMemorySegment(LANES, chunk, at, ByteOrder.nativeOrder()));
            b = b.or(IntVector.fromMemorySegment(LANES, chunk, at + step, ByteOrder.nativeOrder()));
            c = c.or(IntVector.fromMemorySegment(LANES, chunk, at + 2 * step, ByteOrder.nativeOrder()));
            d = d.or(IntVector.fromMemorySegment(LANES, chunk, at + 3 * step, ByteOrder.nativeOrder()));
        }
        return a.or(b).or(c.or(d)).reduceLanes(VectorOperators.OR);
    }

    @Override
    public void close() {
        arena.close();
    }
}
