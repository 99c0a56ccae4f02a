package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LinearTest {
    private static final ValueLayout.OfInt LITTLE_ENDIAN = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int[] SIZES = {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 127, 128, 129, 130, 300};

    /** Every encoding at random sizes around lane, panel and block boundaries. */
    private static List<Matrices.Sample> samples(Random random) {
        List<Matrices.Sample> samples = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            for (PanelEncoding encoding : List.of(PanelEncoding.F32, PanelEncoding.F16, PanelEncoding.BF16)) {
                samples.add(Matrices.floating(encoding, pick(random), pick(random), random));
            }
            for (ComputeMode mode : ComputeMode.values()) {
                int inputs = pick(random);
                int group = random.nextBoolean() ? inputs : Math.min(inputs, 16 << random.nextInt(4));
                samples.add(Matrices.quantized(
                        2 + random.nextInt(7), group, random.nextBoolean(), mode, pick(random), inputs, random));
                samples.add(Matrices.quantized(4, group, false, mode, pick(random), inputs, random));
            }
        }
        return samples;
    }

    private static int pick(Random random) {
        return SIZES[random.nextInt(SIZES.length)];
    }

    private static float[] apply(Linear linear, float[] x, int tokens, WorkerPool pool) {
        float[] y = new float[tokens * linear.outputs()];
        linear.apply(x, tokens, y, pool);
        return y;
    }

    @Test
    void productsStayWithinTheBoundsOfPrecision() {
        long seed = 7;
        Random random = new Random(seed);
        try (WorkerPool pool = WorkerPool.create(2);
                Arena arena = Arena.ofShared()) {
            for (Matrices.Sample sample : samples(random)) {
                int tokens = 1 + random.nextInt(9);
                float[] x = Matrices.floats(random, tokens * sample.inputs());
                float[] y = apply(sample.build().with(Kernels.active(), arena), x, tokens, pool);
                for (int i = 0; i < y.length; i++) {
                    int row = i / sample.outputs() * sample.inputs();
                    int output = i % sample.outputs();
                    double bound = sample.name().startsWith("INT8")
                            ? 0.5 / 127 * largest(x, row, sample.inputs()) * sample.magnitude(output, k -> 1)
                            : 2e-6 * sample.magnitude(output, k -> x[row + k]);
                    assertThat((double) y[i])
                            .as("%s, token %d, output %d, seed %d", sample.name(), i / sample.outputs(), output, seed)
                            .isCloseTo(sample.dot(output, k -> x[row + k]), within(bound + 1e-6));
                }
            }
        }
    }

    @Test
    void wordsOfCodesArePackedLikeTheCodes() {
        for (long seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            int outputs = 1 + random.nextInt(100);
            int inputs = 8 * (1 + random.nextInt(40));
            int group = Math.min(inputs, 8 * (1 + random.nextInt(20)));
            boolean symmetric = random.nextBoolean();
            byte[] codes = new byte[inputs * outputs];
            byte[] zeros = new byte[Math.ceilDiv(inputs, group) * outputs];
            float[] scales = Matrices.floats(random, zeros.length);
            for (int i = 0; i < zeros.length; i++) {
                zeros[i] = (byte) (symmetric ? 8 : random.nextInt(16));
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment words = arena.allocate(codes.length / 2, 4);
                for (int i = 0; i < codes.length; i++) {
                    codes[i] = (byte) random.nextInt(16);
                    long at = ((long) i / outputs / 8 * outputs + i % outputs) * Integer.BYTES;
                    int word = words.get(LITTLE_ENDIAN, at);
                    words.set(LITTLE_ENDIAN, at, word | codes[i] << i / outputs % 8 * 4);
                }
                QuantizedWeights w = new QuantizedWeights(
                        outputs, inputs, 4, group, CodeBands.of(codes, outputs), scales, zeros, new int[0]);
                PackedLinear expected = Linears.quantized(w, new float[0], ComputeMode.INT8, arena)
                        .packed();
                PackedLinear actual = Linears.nibbleWords(
                                outputs, inputs, group, words, scales, zeros, new float[0], ComputeMode.INT8, arena)
                        .packed();
                assertThat(actual.form()).as("seed %d", seed).isEqualTo(expected.form());
                assertThat(actual.parts().getFirst().mismatch(expected.parts().getFirst()))
                        .as("first byte that differs, seed %d", seed)
                        .isEqualTo(-1);
            }
        }
    }

    private static double largest(float[] x, int offset, int n) {
        double largest = 0;
        for (int i = 0; i < n; i++) {
            largest = Math.max(largest, Math.abs(x[offset + i]));
        }
        return largest;
    }

    @Test
    void aTokensBitsDependNeitherOnItsBatchNorOnThreads() {
        long seed = 11;
        Random random = new Random(seed);
        int tokens = 70;
        try (WorkerPool alone = WorkerPool.create(1);
                WorkerPool two = WorkerPool.create(2);
                WorkerPool four = WorkerPool.create(4);
                Arena arena = Arena.ofShared()) {
            for (Matrices.Sample sample : samples(random)) {
                Linear linear = sample.build().with(Kernels.active(), arena);
                float[] x = Matrices.floats(random, tokens * sample.inputs());
                float[] whole = apply(linear, x, tokens, four);
                assertThat(apply(linear, x, tokens, two)).as(sample.name()).containsExactly(whole);
                int first = 0;
                for (int n = 1; first < tokens; n = 1 + random.nextInt(Math.min(33, tokens - first))) {
                    float[] part = Arrays.copyOfRange(x, first * sample.inputs(), (first + n) * sample.inputs());
                    assertThat(apply(linear, part, n, alone))
                            .as("%s, tokens %d to %d alone, seed %d", sample.name(), first, first + n, seed)
                            .containsExactly(Arrays.copyOfRange(
                                    whole, first * sample.outputs(), (first + n) * sample.outputs()));
                    first += n;
                    if (first == tokens) {
                        break;
                    }
                }
            }
        }
    }

    @Test
    void aTokenThatIsNotFiniteLeavesTheOthersAlone() {
        Random random = new Random(5);
        try (WorkerPool pool = WorkerPool.create(1);
                Arena arena = Arena.ofShared()) {
            for (Matrices.Sample sample : samples(random)) {
                Linear linear = sample.build().with(Kernels.active(), arena);
                float[] x = Matrices.floats(random, 5 * sample.inputs());
                float[] clean = apply(linear, x, 5, pool);
                float[] poison = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
                x[2 * sample.inputs() + random.nextInt(sample.inputs())] = poison[random.nextInt(3)];
                float[] y = apply(linear, x, 5, pool);
                for (int i = 0; i < y.length; i++) {
                    if (i / sample.outputs() == 2) {
                        assertThat(Float.isFinite(y[i]) && y[i] != clean[i])
                                .as(sample.name())
                                .isFalse();
                    } else {
                        assertThat(y[i]).as(sample.name()).isEqualTo(clean[i]);
                    }
                }
            }
        }
    }

    @Test
    void zeroAndVerySmallActivationsGiveTheBias() {
        Random random = new Random(3);
        Matrices.Sample sample = Matrices.quantized(4, 32, false, ComputeMode.INT8, 40, 64, random);
        try (WorkerPool pool = WorkerPool.create(1);
                Arena arena = Arena.ofShared()) {
            Linear linear = sample.build().with(Kernels.active(), arena);
            float[] x = new float[2 * 64];
            Arrays.fill(x, 64, 128, Float.MIN_VALUE);
            float[] y = apply(linear, x, 2, pool);
            for (int i = 0; i < y.length; i++) {
                assertThat(y[i]).isEqualTo(sample.bias().length == 0 ? 0 : sample.bias()[i % 40]);
            }
        }
    }

    @Test
    void shortArraysAreRefused() {
        Matrices.Sample sample = Matrices.floating(PanelEncoding.F32, 4, 8, new Random(1));
        try (WorkerPool pool = WorkerPool.create(1);
                Arena arena = Arena.ofShared()) {
            Linear linear = sample.build().with(Kernels.active(), arena);
            assertThatThrownBy(() -> linear.apply(new float[15], 2, new float[8], pool))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("4 x 8 with 2 tokens got 15 inputs");
        }
    }

    @Test
    void offsetsCountInGroupsHoweverActivationsAreGiven() {
        long seed = 11;
        Random random = new Random(seed);
        int inputs = 64;
        int outputs = 40;
        try (WorkerPool pool = WorkerPool.create(2);
                Arena arena = Arena.ofShared()) {
            MemorySegment zeros = arena.allocate(4L * inputs * outputs, 4);
            Linear nothing = Linears.f32(outputs, inputs, RowBands.of(zeros, outputs), new float[0], arena);
            Linear ones = Linears.withOffsets(nothing, inputs, filled(outputs, 1), arena);
            List<List<String>> seen = new ArrayList<>();
            Linear observed = new ObservedLinear("b", ones, (names, x, tokens) -> seen.add(names));
            for (LinearGroup group : List.of(LinearGroup.of(nothing, ones), LinearGroup.of(observed, observed))) {
                float[] x = Matrices.floats(random, 3 * inputs);
                float[][] byArray = {new float[3 * outputs], new float[3 * outputs]};
                float[][] byRows = {new float[3 * outputs], new float[3 * outputs]};
                group.apply(x, 3, pool, byArray);
                group.apply((token, to) -> System.arraycopy(x, token * inputs, to, 0, inputs), 3, pool, byRows);
                float sum = 0;
                for (int i = 0; i < inputs; i++) {
                    sum += x[i];
                }
                assertThat(byArray[1][0]).as("seed %d", seed).isCloseTo(sum, within(1e-4f));
                assertThat(byArray).isDeepEqualTo(byRows);
            }
            assertThat(seen).containsExactly(List.of("b", "b"), List.of("b", "b"));
        }
    }

    private static float[] filled(int size, float value) {
        float[] values = new float[size];
        Arrays.fill(values, value);
        return values;
    }
}
