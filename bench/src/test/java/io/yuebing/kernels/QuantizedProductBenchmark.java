package io.yuebing.kernels;

import static io.yuebing.kernels.MatricesInTurn.INPUTS;
import static io.yuebing.kernels.MatricesInTurn.OUTPUTS;

import io.yuebing.bench.jmh.Work;
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

/** Products with quantised weights of Qwen2.5-7B's MLP: one token reads memory, 64 compute. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class QuantizedProductBenchmark {
    private static final int SEED = 1;

    @Param({"1", "4", "64"})
    int tokens;

    @Param({"INT8", "F32"})
    ComputeMode compute;

    @Param({"4", "8"})
    int bits;

    /** Inputs that share a scale: 32 as in Q4_0, 128 as in GPTQ. */
    @Param({"32", "128"})
    int group;

    private MatricesInTurn matrices;

    @Setup(Level.Trial)
    public void fill(KernelSet kernels) {
        byte[] codes = new byte[INPUTS * OUTPUTS];
        new Random(SEED).nextBytes(codes);
        for (int i = 0; i < codes.length; i++) {
            codes[i] &= (byte) ((1 << bits) - 1);
        }
        float[] scales = new float[INPUTS / group * OUTPUTS];
        Arrays.fill(scales, 0.001f);
        byte[] middle = {};
        QuantizedWeights weights = new QuantizedWeights(
                OUTPUTS, INPUTS, bits, group, CodeBands.of(codes, OUTPUTS), scales, middle, new int[0]);
        matrices = new MatricesInTurn(tokens, arena -> Linears.quantized(weights, new float[0], compute, arena));
    }

    @Benchmark
    public void product(Work work) {
        matrices.multiply(work);
    }

    @TearDown(Level.Trial)
    public void close() {
        matrices.close();
    }
}
