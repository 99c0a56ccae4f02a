package io.yuebing.kernels;

import static io.yuebing.kernels.MatricesInTurn.INPUTS;
import static io.yuebing.kernels.MatricesInTurn.OUTPUTS;

import io.yuebing.bench.jmh.Work;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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

/** Products with float weights of Qwen2.5-7B's MLP: one token reads memory, 64 compute. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FloatProductBenchmark {
    private static final int SEED = 1;

    /** Inputs that share a scale of 8-bit floats. */
    private static final int GROUP = 128;

    @Param({"1", "4", "64"})
    int tokens;

    @Param({"BF16", "F16", "F32", "E4M3"})
    String weights;

    private MatricesInTurn matrices;

    @Setup(Level.Trial)
    public void fill(KernelSet kernels) {
        matrices = new MatricesInTurn(tokens, weights.equals("E4M3") ? this::scaled : this::unscaled);
    }

    private Linear scaled(Arena arena) {
        byte[] codes = new byte[INPUTS * OUTPUTS];
        new Random(SEED).nextBytes(codes);
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) (codes[i] & 0xBF | 0x08); // neither NaN nor subnormal, as trained weights seldom are
        }
        float[] scales = new float[INPUTS / GROUP * OUTPUTS];
        Arrays.fill(scales, 0.01f);
        return Linears.e4m3(OUTPUTS, INPUTS, GROUP, CodeBands.of(codes, OUTPUTS), scales, new float[0], arena);
    }

    /** Rows repeat after a band: arithmetic takes as long for any normal values. */
    private Linear unscaled(Arena arena) {
        PanelEncoding encoding = PanelEncoding.valueOf(weights);
        long rowBytes = (long) INPUTS * encoding.bitsPerInput() / Byte.SIZE;
        MemorySegment band = arena.allocate(RowBands.ROWS * rowBytes, Float.BYTES);
        Random random = new Random(SEED);
        float[] row = new float[INPUTS];
        for (int i = 0; i < RowBands.ROWS; i++) {
            for (int input = 0; input < INPUTS; input++) {
                row[input] = (float) random.nextGaussian() / 100;
            }
            switch (encoding) {
                case BF16 -> Rows.floatToBf16(row, 0, band, i * rowBytes, INPUTS);
                case F16 -> Rows.floatToF16(row, 0, band, i * rowBytes, INPUTS);
                default -> Rows.floatToF32(row, 0, band, i * rowBytes, INPUTS);
            }
        }
        RowBands bands = (first, rows) -> band.asSlice(0, rows * rowBytes);
        return Linears.floats(encoding, OUTPUTS, INPUTS, bands, new float[0], arena, null);
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
