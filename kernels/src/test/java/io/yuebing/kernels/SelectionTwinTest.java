package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Choosing in vectors delivers the bits of the plain loops; the build runs this at several widths. */
class SelectionTwinTest {
    private static final float[] EXTREMES = {
        0f,
        -0f,
        Float.MIN_VALUE,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN
    };

    private final SelectionKernel scalar = new ScalarSelection();
    private final SelectionKernel vector = VectorTwinTest.vectors().selection();

    private static float[] row(Random random, int n) {
        float[] row = Matrices.floats(random, n);
        for (int i = 0; i < n; i++) {
            row[i] = random.nextBoolean() ? row[i] * 20 : random.nextInt(5) - 2;
        }
        if (n > 0 && random.nextInt(3) == 0) {
            row[random.nextInt(n)] = EXTREMES[random.nextInt(EXTREMES.length)];
        }
        return row;
    }

    private static void same(float actual, float expected, String what, int seed) {
        assertThat(Float.floatToIntBits(actual))
                .as("%s, n and seed %d", what, seed)
                .isEqualTo(Float.floatToIntBits(expected));
    }

    @Test
    void everyPassIsTheSame() {
        for (int n = 0; n <= 200; n++) {
            Random random = new Random(n);
            float[] x = row(random, n + 3);
            float least = n == 0 || random.nextInt(8) == 0 ? EXTREMES[n % EXTREMES.length] : x[3 + random.nextInt(n)];
            same(vector.largest(x, 3, n), scalar.largest(x, 3, n), "largest", n);
            same(vector.sumAtLeast(x, 3, n, least), scalar.sumAtLeast(x, 3, n, least), "sum", n);
            assertThat(vector.countAtLeast(x, 3, n, least)).isEqualTo(scalar.countAtLeast(x, 3, n, least));
            for (int from = 3; from <= n + 3; from++) {
                assertThat(vector.firstAtLeast(x, from, n + 3, least))
                        .as("first from %d, n and seed %d", from, n)
                        .isEqualTo(scalar.firstAtLeast(x, from, n + 3, least));
            }
        }
    }

    @Test
    void weightsAreTheSame() {
        for (int n = 0; n <= 200; n++) {
            Random random = new Random(n);
            float[] x = row(random, n + 3);
            float shift = scalar.largest(x, 3, n);
            float factor = random.nextInt(4) == 0 ? 1e5f : 0.5f + random.nextFloat();
            float least = random.nextBoolean() ? 0 : random.nextFloat() * 0.1f;
            float[] expected = new float[n + 2];
            float[] actual = new float[n + 2];
            same(
                    vector.exponentials(x, 3, n, shift, factor, least, actual, 2),
                    scalar.exponentials(x, 3, n, shift, factor, least, expected, 2),
                    "sum of weights",
                    n);
            for (int i = 0; i < n + 2; i++) {
                same(actual[i], expected[i], "weight " + i, n);
            }
        }
    }

    @Test
    void aLogitOfNegativeInfinityWeighsNothing() {
        float[] weights = new float[1];
        assertThat(scalar.exponentials(new float[] {Float.NEGATIVE_INFINITY}, 0, 1, 3, 1, 0, weights, 0))
                .isZero();
        assertThat(weights[0]).isZero();
    }
}
