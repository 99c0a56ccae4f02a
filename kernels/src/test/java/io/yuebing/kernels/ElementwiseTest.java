package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ElementwiseTest {
    @Test
    void theExponentialIsAccurateToTwoUnitsInTheLastPlace() {
        for (float x = Exponential.SMALLEST; x < 89; x += 0.00071f) {
            double exact = Math.exp(x);
            float rounded = (float) exact;
            double unit = Math.ulp(rounded);
            if (Float.isInfinite(rounded)) {
                assertThat(Exponential.of(x)).isEqualTo(rounded);
            } else {
                assertThat(Math.abs(Exponential.of(x) - exact) / unit)
                        .as("exp(%s)", x)
                        .isLessThan(2);
            }
        }
        assertThat(Exponential.of(0)).isEqualTo(1);
        assertThat(Exponential.of(Math.nextDown(Exponential.SMALLEST))).isZero();
        assertThat(Exponential.of(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(Exponential.of(Float.POSITIVE_INFINITY)).isInfinite();
        assertThat(Exponential.of(Float.NaN)).isNaN();
    }

    @Test
    void theNormDividesByTheRootMeanSquare() {
        for (int n : new int[] {1, 15, 16, 17, 896, 3584}) {
            Random random = new Random(n);
            float[] x = Matrices.floats(random, n + 2);
            float[] weight = Matrices.floats(random, n);
            double squares = 0;
            for (int i = 0; i < n; i++) {
                squares += (double) x[2 + i] * x[2 + i];
            }
            float[] out = new float[n + 1];
            Norms.rms(x, 2, n, weight, 1e-6f, out, 1);
            for (int i = 0; i < n; i++) {
                double expected = weight[i] * x[2 + i] / Math.sqrt(squares / n + 1e-6f);
                assertThat((double) out[1 + i])
                        .as("element %d of %d", i, n)
                        .isCloseTo(expected, within(1e-6 * Math.abs(expected)));
            }
        }
    }

    @Test
    void ropeTurnsPairsOfHalves() {
        float[] x = {9, 1, 2, 3, 4, 9};
        float[] cos = {0, 0, (float) Math.cos(0.5)};
        float[] sin = {0, 1, (float) Math.sin(0.5)};
        Rope.apply(x, 1, 4, cos, sin, 1);
        assertThat(x[0]).isEqualTo(9);
        assertThat(x[1]).isEqualTo(-3); // a right angle: (1, 3) becomes (-3, 1)
        assertThat(x[3]).isEqualTo(1);
        assertThat((double) x[2]).isCloseTo(2 * Math.cos(0.5) - 4 * Math.sin(0.5), within(1e-6));
        assertThat((double) x[4]).isCloseTo(4 * Math.cos(0.5) + 2 * Math.sin(0.5), within(1e-6));
        assertThat(x[5]).isEqualTo(9);
    }

    @Test
    void theGateIsSilu() {
        float[] gate = {-200, -20, -1, 0, 1, 20, 200};
        float[] up = {2, 2, 2, 2, 2, 2, 2};
        Activations.siluMul(gate, 0, up, 0, up, 0, 7);
        for (int i = 0; i < 7; i++) {
            double expected = 2 * gate[i] / (1 + Math.exp(-(double) gate[i]));
            assertThat((double) up[i])
                    .as("silu(%s)", gate[i])
                    .isCloseTo(expected, within(1e-6 * Math.abs(expected) + 1e-30));
        }
    }

    @Test
    void theOtherGateIsGeluByTanh() {
        float[] gate = {-200, -9, -1, -0.1f, 0, 0.1f, 1, 9, 200};
        float[] up = {2, 2, 2, 2, 2, 2, 2, 2, 2};
        Activations.geluMul(gate, 0, up, 0, up, 0, gate.length);
        for (int i = 0; i < gate.length; i++) {
            double x = gate[i];
            double tanh = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x));
            assertThat((double) up[i])
                    .as("gelu(%s)", gate[i])
                    .isCloseTo(x * (1 + tanh), within(2e-6 * Math.abs(x * (1 + tanh)) + 1e-14));
        }
    }

    @Test
    void ropeTurnsPairsOfNeighbours() {
        float[] x = {9, 1, 3, 2, 4, 9};
        float[] cos = {0, (float) Math.cos(0.5)};
        float[] sin = {1, (float) Math.sin(0.5)};
        Rope.applyToNeighbours(x, 1, 4, cos, sin, 0);
        assertThat(x[0]).isEqualTo(9);
        assertThat(x[1]).isEqualTo(-3);
        assertThat(x[2]).isEqualTo(1);
        assertThat((double) x[3]).isCloseTo(2 * Math.cos(0.5) - 4 * Math.sin(0.5), within(1e-6));
        assertThat((double) x[4]).isCloseTo(4 * Math.cos(0.5) + 2 * Math.sin(0.5), within(1e-6));
        assertThat(x[5]).isEqualTo(9);
    }

    @Test
    void softmaxSigmoidAndSoftCapAreTheFunctionsOfTheirNames() {
        float[] x = {9, 1, 2, 3, 9};
        Activations.softmax(x, 1, 3);
        double sum = Math.exp(-2) + Math.exp(-1) + 1;
        assertThat(x[0]).isEqualTo(9);
        assertThat((double) x[1]).isCloseTo(Math.exp(-2) / sum, within(1e-7));
        assertThat((double) x[3]).isCloseTo(1 / sum, within(1e-7));
        assertThat(x[4]).isEqualTo(9);
        float[] capped = {-1000, -3, 0, 3, 1000};
        Activations.softCap(capped, 0, 5, 30);
        assertThat(capped).containsExactly(new float[] {-30, -2.99f, 0, 2.99f, 30}, within(1e-3f));
        assertThat((double) Activations.sigmoid(0.3f)).isCloseTo(1 / (1 + Math.exp(-0.3)), within(1e-7));
        assertThat(Activations.sigmoid(-200)).isZero();
    }

    @Test
    void addAddsInPlace() {
        float[] x = {1, 2, 3, 4};
        Activations.add(x, 1, new float[] {9, 10, 20}, 1, 2);
        assertThat(x).containsExactly(1, 12, 23, 4);
    }

    @Test
    void bfloat16RoundsToNearestEven() {
        assertThat(Rows.floatToBf16(1f)).isEqualTo((short) 0x3F80);
        assertThat(Rows.floatToBf16(Float.intBitsToFloat(0x3F80_8000))).isEqualTo((short) 0x3F80);
        assertThat(Rows.floatToBf16(Float.intBitsToFloat(0x3F81_8000))).isEqualTo((short) 0x3F82);
        assertThat(Rows.floatToBf16(Float.intBitsToFloat(0x3F80_8001))).isEqualTo((short) 0x3F81);
        assertThat(Rows.floatToBf16(Float.MAX_VALUE)).isEqualTo((short) 0x7F80);
        assertThat(Rows.floatToBf16(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xFF80);
        assertThat(Rows.bf16ToFloat(Rows.floatToBf16(Float.intBitsToFloat(0x7F80_0001))))
                .isNaN();
        assertThat(Rows.bf16ToFloat(Rows.floatToBf16(Float.intBitsToFloat(0x7FFF_FFFF))))
                .isNaN();
    }

    @Test
    void everySixteenBitValueSurvivesTheRoundTrip() {
        short[] all = new short[1 << 16];
        for (int i = 0; i < all.length; i++) {
            all[i] = (short) i;
        }
        MemorySegment source = MemorySegment.ofArray(all);
        float[] floats = new float[all.length];
        short[] back = new short[all.length];
        Rows.bf16ToFloat(source, 0, floats, 0, all.length);
        Rows.floatToBf16(floats, 0, MemorySegment.ofArray(back), 0, all.length);
        for (int i = 0; i < all.length; i++) {
            if (!Float.isNaN(floats[i])) {
                assertThat(back[i]).isEqualTo(all[i]);
            }
        }
        Rows.f16ToFloat(source, 0, floats, 0, all.length);
        Rows.floatToF16(floats, 0, MemorySegment.ofArray(back), 0, all.length);
        for (int i = 0; i < all.length; i++) {
            if (!Float.isNaN(floats[i])) {
                assertThat(back[i]).isEqualTo(all[i]);
            }
        }
    }
}
