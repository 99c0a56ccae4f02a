package io.yuebing.kernels;

import static io.yuebing.kernels.AttentionKernel.TILE;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Attention in vectors delivers the bits of the plain loops; the build runs this at several widths. */
class AttentionTwinTest {
    private static final int[] HEAD_SIZES = {2, 4, 16, 24, 32, 48, 64, 80, 96, 128, 256, 576};

    private static final float[] EXTREMES = {
        0f,
        -0f,
        Float.MIN_VALUE,
        Float.MIN_NORMAL,
        Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        Exponential.SMALLEST,
        Math.nextDown(Exponential.SMALLEST),
        89f
    };

    private final AttentionKernel scalar = new ScalarAttention();
    private final AttentionKernel vector = VectorTwinTest.vectors().attention();

    private static float[] floats(Random random, int n) {
        float[] values = Matrices.floats(random, n);
        if (random.nextInt(3) == 0) {
            for (int i = random.nextInt(4); i >= 0; i--) {
                values[random.nextInt(n)] = EXTREMES[random.nextInt(EXTREMES.length)];
            }
        }
        return values;
    }

    private static void assertSameBits(float[] actual, float[] expected, String what, Object... arguments) {
        int[] actualBits = new int[actual.length];
        int[] expectedBits = new int[expected.length];
        for (int i = 0; i < actual.length; i++) {
            actualBits[i] = Float.floatToIntBits(actual[i]);
            expectedBits[i] = Float.floatToIntBits(expected[i]);
        }
        if (!Arrays.equals(actualBits, expectedBits)) {
            assertThat(actualBits).as(what, arguments).containsExactly(expectedBits);
        }
    }

    @Test
    void everyStoredBitPatternIsReadTheSame() {
        MemorySegment all = MemorySegment.ofArray(new byte[1 << 18]);
        for (int i = 0; i < 1 << 16; i++) {
            all.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) i);
            all.set(ValueLayout.JAVA_SHORT_UNALIGNED, (1 << 17) + 2L * i, (short) (i * 40503));
        }
        for (CacheElement element : CacheElement.values()) {
            for (int headSize : new int[] {24, 128}) {
                int rowBytes = headSize * element.bytes();
                int rows = (1 << 18) / rowBytes / TILE * TILE;
                for (int first = 0; first < rows; first += TILE) {
                    long[] tile = new long[TILE];
                    for (int i = 0; i < TILE; i++) {
                        tile[i] = (long) (first + i) * rowBytes;
                    }
                    float[] expected = new float[TILE * headSize];
                    float[] actual = new float[TILE * headSize];
                    scalar.readKeys(all, tile, element, 0, headSize, expected, new int[0]);
                    vector.readKeys(all, tile, element, 0, headSize, actual, new int[AttentionKernel.SCRATCH]);
                    assertSameBits(actual, expected, "keys, %s, head size %d, row %d", element, headSize, first);
                    for (int i = 0; i < TILE; i++) {
                        tile[i] -= 5;
                    }
                    scalar.readValues(all, tile, 5, element, 0, headSize, expected);
                    vector.readValues(all, tile, 5, element, 0, headSize, actual);
                    assertSameBits(actual, expected, "values, %s, head size %d, row %d", element, headSize, first);
                }
            }
        }
    }

    @Test
    void scoresAreTheSame() {
        for (int headSize : HEAD_SIZES) {
            for (int queries = 1; queries <= 7; queries++) {
                long seed = headSize * 100L + queries;
                Random random = new Random(seed);
                float[] keys = floats(random, TILE * headSize);
                float[] scales = floats(random, TILE);
                float[] q = floats(random, queries * headSize + 3);
                int[] at = new int[queries];
                for (int i = 0; i < queries; i++) {
                    at[i] = 3 + (queries - 1 - i) * headSize;
                }
                for (int from = 0; from < queries; from += 2) {
                    float[] expected = new float[queries * TILE];
                    float[] actual = new float[queries * TILE];
                    scalar.scores(keys, headSize, scales, 0.3f, q, at, from, queries, expected);
                    vector.scores(keys, headSize, scales, 0.3f, q, at, from, queries, actual);
                    assertSameBits(actual, expected, "from %d, seed %d", from, seed);
                }
            }
        }
    }

    @Test
    void weightsAreTheSame() {
        for (long seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            int queries = 1 + random.nextInt(9);
            int from = random.nextInt(queries);
            float[] expected = floats(random, queries * TILE);
            for (int i = 0; i < expected.length; i++) {
                expected[i] *= seed % 3 == 0 ? 60 : 1;
            }
            float[] actual = expected.clone();
            float[] expectedLargest = floats(random, queries);
            float[] actualLargest = expectedLargest.clone();
            float[] expectedSums = new float[queries];
            float[] actualSums = new float[queries];
            float[] scratch = new float[Kernels.REDUCTION_LANES];
            scalar.weigh(expected, from, queries, expectedLargest, expectedSums, scratch);
            vector.weigh(actual, from, queries, actualLargest, actualSums, scratch);
            assertSameBits(actual, expected, "weights, seed %d", seed);
            assertSameBits(actualLargest, expectedLargest, "largest, seed %d", seed);
            assertSameBits(actualSums, expectedSums, "sums, seed %d", seed);
        }
    }

    @Test
    void sumsAreTheSame() {
        for (int headSize : HEAD_SIZES) {
            for (int queries = 1; queries <= 4; queries++) {
                for (int range = 0; range < 8; range++) {
                    long seed = headSize * 1000L + queries * 10 + range;
                    Random random = new Random(seed);
                    int first = random.nextInt(TILE);
                    int last = first + random.nextInt(TILE - first + 1);
                    float[] values = floats(random, TILE * headSize);
                    float[] weights = floats(random, queries * TILE + 1);
                    int stride = headSize + 2;
                    float[] expected = floats(random, queries * stride + 1);
                    float[] actual = expected.clone();
                    scalar.accumulate(values, headSize, first, last, weights, 1, expected, 1, stride, queries);
                    vector.accumulate(values, headSize, first, last, weights, 1, actual, 1, stride, queries);
                    assertSameBits(actual, expected, "%d queries, %d to %d, seed %d", queries, first, last, seed);
                }
            }
        }
    }
}
