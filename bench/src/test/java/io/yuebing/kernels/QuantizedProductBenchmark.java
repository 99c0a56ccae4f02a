package io.yuebing.kernels;

import io.yuebing.bench.jmh.Threads;
import io.yuebing.bench.jmh.Work;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
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

/**
 * Products with 4-bit weights of Qwen2.5-7B's MLP: one token reads memory, 64 compute. The matrices in turn
 * are too large for the caches.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class QuantizedProductBenchmark {
    private static final int OUTPUTS = 18_944;
    private static final int INPUTS = 3_584;
    private static final int MATRICES = 4;
    private static final int SEED = 1;

    @Param({"1", "4", "64"})
    int tokens;

    @Param({"INT8", "F32"})
    ComputeMode compute;

    /** Inputs that share a scale: 32 as in Q4_0, 128 as in GPTQ. */
    @Param({"32", "128"})
    int group;

    private final Arena arena = Arena.ofShared();
    private final WorkerPool pool = WorkerPool.create(Threads.COUNT);
    private final Linear[] matrices = new Linear[MATRICES];
    private float[] x = {};
    private float[] y = {};
    private int next;

    @Setup(Level.Trial)
    public void fill() {
        Random random = new Random(SEED);
        QuantizedWeights weights = weights(random);
        Arrays.setAll(matrices, i -> Linears.quantized(weights, new float[0], compute, arena));
        x = new float[tokens * INPUTS];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        y = new float[tokens * OUTPUTS];
    }

    private QuantizedWeights weights(Random random) {
        byte[] codes = new byte[INPUTS * OUTPUTS];
        random.nextBytes(codes);
        for (int i = 0; i < codes.length; i++) {
            codes[i] &= 15;
        }
        float[] scales = new float[INPUTS / group * OUTPUTS];
        Arrays.fill(scales, 0.001f);
        byte[] zeros = new byte[scales.length];
        Arrays.fill(zeros, (byte) 8);
        return new QuantizedWeights(OUTPUTS, INPUTS, 4, group, CodeBands.of(codes, OUTPUTS), scales, zeros, new int[0]);
    }

    @Benchmark
    public void product(Work work) {
        Linear matrix = matrices[next];
        next = (next + 1) % MATRICES;
        matrix.apply(x, tokens, y, pool);
        work.done(matrix.bytes(), (long) tokens * OUTPUTS * INPUTS);
    }

    @TearDown(Level.Trial)
    public void close() {
        pool.close();
        arena.close();
    }
}
