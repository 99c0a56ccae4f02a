package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Vector and native loops deliver the bits of the plain loops; the build runs this at several widths. */
class VectorTwinTest {
    private static final float[] EXTREMES = {
        0f,
        -0f,
        1f,
        -1f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        88.7f,
        -88.7f,
        -103.9f,
        1e-30f,
        1e30f
    };

    private final Kernels scalar = new ScalarKernels();
    private final Kernels vector = vectors();

    /** The set that is compared with the plain loops. */
    static Kernels vectors() {
        if (!Boolean.getBoolean("yuebing.twin.native")) {
            return new VectorKernels();
        }
        assumeTrue(NativeLibrary.loaded(), NativeLibrary::whyNot);
        return new NativeKernels();
    }

    /** Ordinary rows, and now and then one with extremes. */
    private static float[] row(Random random, int n) {
        float[] row = Matrices.floats(random, n);
        float factor = random.nextInt(4) == 0 ? 30 : 1;
        for (int i = 0; i < n; i++) {
            row[i] *= factor;
        }
        if (n > 0 && random.nextInt(4) == 0) {
            for (int i = random.nextInt(3); i >= 0; i--) {
                row[random.nextInt(n)] = EXTREMES[random.nextInt(EXTREMES.length)];
            }
        }
        return row;
    }

    private static void assertSameBits(float[] actual, float[] expected, String what, Object... arguments) {
        assertThat(bits(actual)).as(what, arguments).containsExactly(bits(expected));
    }

    private static int[] bits(float... values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            bits[i] = Float.floatToIntBits(values[i]);
        }
        return bits;
    }

    @Test
    void sumsOfSquaresAreTheSame() {
        for (int n = 0; n <= 130; n++) {
            float[] x = row(new Random(n), n + 3);
            assertSameBits(
                    new float[] {vector.rows().sumOfSquares(x, 3, n)},
                    new float[] {scalar.rows().sumOfSquares(x, 3, n)},
                    "n and seed %d",
                    n);
        }
    }

    @Test
    void gatesAreTheSame() {
        for (int n = 0; n <= 130; n++) {
            Random random = new Random(n);
            float[] gate = row(random, n + 2);
            float[] up = row(random, n + 1);
            float[] expected = new float[n + 5];
            float[] actual = new float[n + 5];
            scalar.rows().siluMul(gate, 2, up, 1, expected, 4, n);
            vector.rows().siluMul(gate, 2, up, 1, actual, 4, n);
            assertSameBits(actual, expected, "silu, n and seed %d", n);
            scalar.rows().geluMul(gate, 2, up, 1, expected, 4, n);
            vector.rows().geluMul(gate, 2, up, 1, actual, 4, n);
            assertSameBits(actual, expected, "gelu, n and seed %d", n);
        }
    }

    @Test
    void softLimitsAreTheSame() {
        for (int n = 0; n <= 1100; n += n < 70 ? 1 : 257) {
            float[] expected = row(new Random(n), n + 3);
            float[] actual = expected.clone();
            float cap = 0.7f + n % 5 * 12;
            scalar.rows().softCap(expected, 2, n, cap);
            vector.rows().softCap(actual, 2, n, cap);
            assertSameBits(actual, expected, "n and seed %d", n);
        }
    }

    @Test
    void exponentialsAreTheSame() {
        for (int n = 1; n <= 130; n++) {
            float[] expected = row(new Random(n), n + 1);
            float[] actual = expected.clone();
            float expectedSum = scalar.rows().exponentials(expected, 1, n);
            float actualSum = vector.rows().exponentials(actual, 1, n);
            assertSameBits(actual, expected, "n and seed %d", n);
            assertSameBits(new float[] {actualSum}, new float[] {expectedSum}, "sum, n and seed %d", n);
        }
    }

    @Test
    void exponentialsOfEveryMagnitudeAreTheSame() {
        float[] expected = new float[1 << 14];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = -i / 150f; // down to -109, below the range of floats
        }
        float[] actual = expected.clone();
        scalar.rows().exponentials(expected, 0, expected.length);
        vector.rows().exponentials(actual, 0, actual.length);
        assertSameBits(actual, expected, "0 to -109");
    }

    @Test
    void quantisedRowsAreTheSame() {
        for (int n = 1; n <= 130; n++) {
            float[] expected = row(new Random(n), n + 1);
            float[] actual = expected.clone();
            float expectedScale = scalar.rows().quantize(expected, 1, n);
            float actualScale = vector.rows().quantize(actual, 1, n);
            assertSameBits(actual, expected, "n and seed %d", n);
            assertSameBits(new float[] {actualScale}, new float[] {expectedScale}, "scale, n and seed %d", n);
        }
    }

    @Test
    void widenedRowsAreTheSame() {
        for (int n = 0; n <= 130; n++) {
            MemorySegment source = MemorySegment.ofArray(new short[n + 1]);
            Rows.floatToBf16(row(new Random(n), n), 0, source, 2, n);
            float[] expected = new float[n + 3];
            float[] actual = new float[n + 3];
            scalar.rows().bf16ToFloat(source, 2, expected, 3, n);
            vector.rows().bf16ToFloat(source, 2, actual, 3, n);
            assertSameBits(actual, expected, "n and seed %d", n);
        }
    }

    @Test
    void everyHalfPrecisionWeightIsReadTheSame() {
        short[] all = new short[1 << 16];
        for (int i = 0; i < all.length; i++) {
            all[i] = (short) i;
        }
        MemorySegment weights = MemorySegment.ofArray(all);
        try (WorkerPool pool = WorkerPool.create(1);
                Arena arena = Arena.ofShared()) {
            float[] one = {1};
            float[] expected = new float[all.length];
            float[] actual = new float[all.length];
            Linears.floats(
                            PanelEncoding.F16,
                            all.length,
                            1,
                            RowBands.of(weights, all.length),
                            new float[0],
                            arena,
                            scalar)
                    .apply(one, 1, expected, pool);
            Linears.floats(
                            PanelEncoding.F16,
                            all.length,
                            1,
                            RowBands.of(weights, all.length),
                            new float[0],
                            arena,
                            vector)
                    .apply(one, 1, actual, pool);
            assertSameBits(actual, expected, "1 x 65536");
            for (int i = 0; i < all.length; i++) {
                assertThat(bits(actual[i])).containsExactly(bits(Float.float16ToFloat(all[i]) + 0f));
            }
        }
    }

    @Test
    void productsAreTheSame() {
        for (long seed = 0; seed < 80; seed++) {
            Random random = new Random(seed);
            Matrices.Sample sample = randomSample(random);
            try (WorkerPool pool = WorkerPool.create(1);
                    Arena arena = Arena.ofShared()) {
                Linear plain = sample.build().with(scalar, arena);
                Linear vectors = sample.build().with(vector, arena);
                for (int tokens : new int[] {1, 2, 1 + random.nextInt(9), 10 + random.nextInt(20)}) {
                    float[] x = row(random, tokens * sample.inputs());
                    float[] expected = new float[tokens * sample.outputs()];
                    float[] actual = new float[tokens * sample.outputs()];
                    plain.apply(x, tokens, expected, pool);
                    vectors.apply(x, tokens, actual, pool);
                    assertSameBits(actual, expected, "%s, %d tokens, seed %d", sample.name(), tokens, seed);
                }
            }
        }
    }

    @Test
    void everyEightBitFloatIsReadTheSame() {
        byte[] all = new byte[254]; // without the two codes of NaN
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) (i < 127 ? i : i + 1);
        }
        float[] scales = new float[all.length];
        Arrays.fill(scales, 1);
        try (WorkerPool pool = WorkerPool.create(1);
                Arena arena = Arena.ofShared()) {
            for (Kernels kernels : new Kernels[] {scalar, vector}) {
                float[] y = new float[2 * all.length];
                Linears.e4m3(all.length, 1, 1, CodeBands.of(all, all.length), scales, new float[0], arena, kernels)
                        .apply(new float[] {1, 1}, 2, y, pool);
                for (int i = 0; i < y.length; i++) {
                    int code = all[i % all.length] & 0xFF;
                    int exponent = code >> 3 & 0xF;
                    double magnitude =
                            exponent == 0 ? (code & 7) / 512.0 : (8 + (code & 7)) * Math.scalb(1.0, exponent - 10);
                    assertThat((double) y[i])
                            .as("code %d", code)
                            .isEqualTo(0.0 + (code < 128 ? magnitude : -magnitude));
                }
            }
        }
    }

    @Test
    void productsOfEightBitFloatsAreTheSame() {
        for (long seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            int outputs = 1 + random.nextInt(130);
            int inputs = 1 + random.nextInt(300);
            int group = 1 + random.nextInt(inputs);
            byte[] codes = new byte[inputs * outputs];
            random.nextBytes(codes);
            for (int i = 0; i < codes.length; i++) {
                codes[i] = (codes[i] & 0x7F) == 0x7F ? 1 : codes[i];
            }
            float[] scales = Matrices.floats(random, Math.ceilDiv(inputs, group) * outputs);
            try (WorkerPool pool = WorkerPool.create(1);
                    Arena arena = Arena.ofShared()) {
                CodeBands bands = CodeBands.of(codes, outputs);
                Linear plain = Linears.e4m3(outputs, inputs, group, bands, scales, new float[0], arena, scalar);
                Linear vectors = Linears.e4m3(outputs, inputs, group, bands, scales, new float[0], arena, vector);
                for (int tokens : new int[] {1, 2 + random.nextInt(20)}) {
                    float[] x = row(random, tokens * inputs);
                    float[] expected = new float[tokens * outputs];
                    float[] actual = new float[tokens * outputs];
                    plain.apply(x, tokens, expected, pool);
                    vectors.apply(x, tokens, actual, pool);
                    assertSameBits(actual, expected, "%d tokens, seed %d", tokens, seed);
                }
            }
        }
    }

    @Test
    void theLargestIntegersDoNotOverflow() {
        int n = 256;
        for (int bits : new int[] {4, 8}) {
            byte[] codes = new byte[n * 32];
            Arrays.fill(codes, (byte) ((1 << bits) - 1));
            float[] scales = new float[32];
            Arrays.fill(scales, 1);
            float[] x = new float[n];
            Arrays.fill(x, 127);
            QuantizedWeights w =
                    new QuantizedWeights(32, n, bits, n, CodeBands.of(codes, 32), scales, new byte[32], new int[0]);
            try (WorkerPool pool = WorkerPool.create(1);
                    Arena arena = Arena.ofShared()) {
                for (Kernels kernels : new Kernels[] {scalar, vector}) {
                    float[] y = new float[32];
                    Linears.quantized(w, new float[0], ComputeMode.INT8, arena, kernels)
                            .apply(x, 1, y, pool);
                    assertThat(y).containsOnly(127f * ((1 << bits) - 1) * n);
                }
            }
        }
    }

    private static Matrices.Sample randomSample(Random random) {
        int outputs = 1 + random.nextInt(130);
        int inputs = 1 + random.nextInt(300);
        if (random.nextInt(4) == 0) {
            PanelEncoding encoding = PanelEncoding.values()[random.nextInt(3)];
            return Matrices.floating(encoding, outputs, inputs, random);
        }
        int bits = random.nextBoolean() ? 4 : 2 + random.nextInt(7);
        int group = random.nextBoolean() ? 1 + random.nextInt(inputs) : Math.min(inputs, 32 << random.nextInt(3));
        ComputeMode mode = random.nextBoolean() ? ComputeMode.F32 : ComputeMode.INT8;
        return Matrices.quantized(bits, group, random.nextBoolean(), mode, outputs, inputs, random);
    }
}
