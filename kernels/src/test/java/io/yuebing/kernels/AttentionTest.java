package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionTest {
    private static final int KV_HEADS = 2;
    private static final int HEADS = 6;

    /** Keys and values of a sequence. */
    private record Sequence(int length, int headSize, float[] k, float[] v, float[] q) {
        static Sequence random(long seed, int length, int headSize) {
            Random random = new Random(seed);
            int row = KV_HEADS * headSize;
            return new Sequence(
                    length,
                    headSize,
                    Matrices.floats(random, length * row),
                    Matrices.floats(random, length * row),
                    Matrices.floats(random, HEADS * headSize));
        }

        /** Attention of the last position, from a cache with the given form, written in the order of the blocks. */
        float[] attend(int elementBytes, int blockSize, int from, long shuffleSeed) {
            int blocks = Math.ceilDiv(length, blockSize);
            long token = (long) headSize * elementBytes;
            long head = token * blockSize;
            long kv = head * KV_HEADS;
            int[] table = blockTable(new Random(shuffleSeed), blocks);
            try (Arena arena = Arena.ofConfined()) {
                Attention.CacheView view = new Attention.CacheView(
                        arena.allocate(2 * kv * blocks, 64),
                        elementBytes,
                        blockSize,
                        headSize,
                        KV_HEADS,
                        2 * kv,
                        kv,
                        head,
                        token);
                for (int position = 0; position < length; position++) {
                    int row = position * KV_HEADS * headSize;
                    Attention.write(view, table[position / blockSize], position % blockSize, k, row, v, row);
                }
                float[] out = new float[HEADS * headSize + 1];
                Attention.row(view, table, from, length - 1, q, 0, HEADS, scale(), out, 1);
                return out;
            }
        }

        private static int[] blockTable(Random random, int blocks) {
            int[] table = new int[blocks];
            for (int i = 0; i < blocks; i++) {
                int j = random.nextInt(i + 1);
                table[i] = table[j];
                table[j] = i;
            }
            return table;
        }

        float scale() {
            return (float) (1 / Math.sqrt(headSize));
        }

        /** The definition, in doubles. */
        double[] reference(int from) {
            double[] out = new double[HEADS * headSize];
            for (int head = 0; head < HEADS; head++) {
                int kvHead = head / (HEADS / KV_HEADS);
                double sum = 0;
                for (int position = from; position < length; position++) {
                    int row = (position * KV_HEADS + kvHead) * headSize;
                    double score = 0;
                    for (int c = 0; c < headSize; c++) {
                        score += (double) q[head * headSize + c] * k[row + c];
                    }
                    double weight = Math.exp(score * scale());
                    sum += weight;
                    for (int c = 0; c < headSize; c++) {
                        out[head * headSize + c] += weight * v[row + c];
                    }
                }
                for (int c = 0; c < headSize; c++) {
                    out[head * headSize + c] /= sum;
                }
            }
            return out;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 24, 64, 80, 128})
    void theResultIsThatOfTheDefinition(int headSize) {
        for (int length : new int[] {1, 2, 15, 16, 33, 100}) {
            Sequence sequence = Sequence.random(length, length, headSize);
            for (int from : new int[] {0, length / 2, length - 1}) {
                float[] exact = sequence.attend(4, 16, from, 1);
                float[] rounded = sequence.attend(2, 16, from, 1);
                double[] reference = sequence.reference(from);
                for (int i = 0; i < reference.length; i++) {
                    assertThat((double) exact[i + 1])
                            .as("length %d from %d, element %d", length, from, i)
                            .isCloseTo(reference[i], within(2e-6));
                    assertThat((double) rounded[i + 1])
                            .as("bfloat16, length %d from %d, element %d", length, from, i)
                            .isCloseTo(reference[i], within(0.05));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void theBitsDoNotDependOnBlocks(int elementBytes) {
        for (int length : new int[] {1, 31, 32, 33, 70}) {
            Sequence sequence = Sequence.random(length, length, 64);
            float[] expected = sequence.attend(elementBytes, 16, 0, 1);
            for (int blockSize = 1; blockSize <= 33; blockSize++) {
                assertThat(sequence.attend(elementBytes, blockSize, 0, blockSize))
                        .as("length %d in blocks of %d", length, blockSize)
                        .containsExactly(expected);
            }
        }
    }

    @Test
    void scoresBeyondTheRangeOfTheExponentialStayFinite() {
        Sequence sequence = Sequence.random(1, 40, 64);
        for (int i = 0; i < sequence.q().length; i++) {
            sequence.q()[i] *= 1000;
        }
        for (float value : sequence.attend(4, 16, 0, 1)) {
            assertThat(value).isFinite();
        }
    }

    @Test
    void positionsOutsideTheBlockTableAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            Attention.CacheView view =
                    new Attention.CacheView(arena.allocate(4096), 4, 4, 8, KV_HEADS, 512, 256, 128, 32);
            float[] q = new float[HEADS * 8];
            assertThatThrownBy(() -> Attention.row(view, new int[] {0}, 0, 4, q, 0, HEADS, 1, new float[HEADS * 8], 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("Positions 0 to 4 are not in 1 blocks of 4");
        }
    }
}
