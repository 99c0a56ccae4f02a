package io.yuebing.kv;

import io.yuebing.bench.jmh.CopyLimit;
import io.yuebing.bench.jmh.Moved;
import io.yuebing.kernels.KernelSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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

/**
 * A cache of 64 MiB in scattered blocks from one layout to another on one thread; gigabytes written, beside the same memory
 * copied in one piece ({@code memcpy}).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 1)
@Fork(1)
public class KvConversionBenchmark {
    private static final int BYTES = 64 << 20;
    private static final int BLOCK_SIZE = 16;
    private static final int HEADS = 8;
    private static final int HEAD_SIZE = 128;
    private static final int BLOCKS = BYTES / (2 * BLOCK_SIZE * HEADS * HEAD_SIZE * 2);

    @Param({
        "memcpy",
        "native native",
        "flash_attention flashinfer_nhd",
        "flashinfer_nhd flash_attention",
        "flash_attention native",
        "native flash_attention",
        "flashinfer_nhd native",
        "native flashinfer_nhd",
        "paged_attention native",
        "native paged_attention"
    })
    String pair;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment source = arena.allocate(BYTES, 64).fill((byte) 1);
    private final MemorySegment target = arena.allocate(BYTES, 64).fill((byte) 2);
    private Runnable work = () -> {};

    @Setup(Level.Trial)
    public void plan(KernelSet kernels, CopyLimit copy) {
        copy.measure(BYTES, () -> target.copyFrom(source));
        if (pair.equals("memcpy")) {
            work = () -> target.copyFrom(source);
            return;
        }
        String[] names = pair.split(" ", -1);
        KvLayout from = layout(names[0]);
        KvLayout to = layout(names[1]);
        KvConversion conversion = KvConversion.between(from, to, Rounding.REFUSED);
        KvTensors in = KvTensors.inOne(from, source);
        KvTensors out = KvTensors.inOne(to, target);
        int[] fromBlocks = scattered(1);
        int[] toBlocks = scattered(2);
        work = () -> conversion.convert(in, fromBlocks, out, toBlocks, BLOCKS * BLOCK_SIZE);
    }

    private static KvLayout layout(String name) {
        return KnownLayout.find(name)
                .orElseThrow()
                .layout(new KvShape(Range.of(1), BLOCKS, BLOCK_SIZE, Range.of(HEADS), HEAD_SIZE, ElementType.BF16));
    }

    private static int[] scattered(int seed) {
        List<Integer> ids = new ArrayList<>(IntStream.range(0, BLOCKS).boxed().toList());
        Collections.shuffle(ids, new Random(seed));
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    @TearDown(Level.Trial)
    public void close() {
        arena.close();
    }

    @Benchmark
    public void convert(Moved moved) {
        work.run();
        moved.done(BYTES);
    }
}
