package io.yuebing.kernels;

import io.yuebing.bench.jmh.CopyLimit;
import io.yuebing.bench.jmh.Moved;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Checksums of KV blocks that no cache holds, alone and while the blocks are copied, on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class Crc32cBenchmark {
    private static final long MEMORY = 128L << 20;

    @Param({"65536", "1048576"})
    int block;

    @Param
    Way way;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment source = arena.allocate(MEMORY, 4096).fill((byte) 1);
    private final MemorySegment target = arena.allocate(MEMORY, 4096).fill((byte) 2);
    private long at;

    /** What is done with a block. */
    public enum Way {
        ALONE,
        COPIED,
        COPIED_PAST_CACHES
    }

    @Setup(Level.Trial)
    public void measure(KernelSet kernels, CopyLimit copy) {
        copy.measure(block, () -> {
            MemorySegment.copy(source, at, target, at, block);
            advance();
        });
    }

    @TearDown
    public void close() {
        arena.close();
    }

    private void advance() {
        at = (at + block) % MEMORY;
    }

    @Benchmark
    public int checksum(Moved moved) {
        MemorySegment from = source.asSlice(at, block);
        MemorySegment to = target.asSlice(at, block);
        advance();
        moved.done(block);
        return switch (way) {
            case ALONE -> Crc32c.of(from);
            case COPIED -> Crc32c.copy(from, to, false);
            case COPIED_PAST_CACHES -> Crc32c.copy(from, to, true);
        };
    }
}
