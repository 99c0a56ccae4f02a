package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionTest {
    private static final int KV_HEADS = 2;
    private static final int HEADS = 6;
    private static final int ALL = 0;

    /** How a sequence is stored and computed. */
    private record How(CacheElement element, int blockSize, int window, float cap, int chunk, int threads) {
        static How plainly(CacheElement element, int window) {
            return new How(element, 16, window, 0, Integer.MAX_VALUE, 1);
        }

        How withCap(float largest) {
            return new How(element, blockSize, window, largest, chunk, threads);
        }
    }

    /** Keys, values and queries of a sequence. */
    private record Sequence(int length, int headSize, float[] k, float[] v, float[] q) {
        static Sequence random(long seed, int length, int headSize) {
            Random random = new Random(seed);
            int row = KV_HEADS * headSize;
            return new Sequence(
                    length,
                    headSize,
                    Matrices.floats(random, length * row),
                    Matrices.floats(random, length * row),
                    Matrices.floats(random, length * HEADS * headSize));
        }

        /** Attention of the positions from {@code first} on, in chunks. Memory that was not written holds NaN. */
        float[] attend(How how, int first) {
            int blocks = Math.ceilDiv(length, how.blockSize()) + 2;
            long token =
                    (long) headSize * how.element().bytes() + (how.element().scaled() ? Float.BYTES : 0);
            long head = token * how.blockSize();
            long kv = head * KV_HEADS;
            int[] table = blockTable(new Random(how.blockSize()), blocks);
            float[] out = new float[length * HEADS * headSize];
            try (Arena arena = Arena.ofShared();
                    WorkerPool pool = WorkerPool.create(how.threads())) {
                Attention.CacheView view = new Attention.CacheView(
                        arena.allocate(2 * kv * blocks, 64).fill((byte) 0xff),
                        how.element(),
                        how.blockSize(),
                        headSize,
                        KV_HEADS,
                        2 * kv,
                        kv,
                        head,
                        token);
                BatchAttention attention = new BatchAttention(HEADS, KV_HEADS, headSize);
                write(view, table, 0, first);
                for (int from = first; from < length; from += Math.min(how.chunk(), length)) {
                    int rows = Math.min(how.chunk(), length - from);
                    write(view, table, from, from + rows);
                    attention.clear();
                    attention.add(from, rows, from, table);
                    attention.attend(view, how.window(), scale(), how.cap(), q, out, pool);
                }
            }
            return Arrays.copyOfRange(out, first * HEADS * headSize, out.length);
        }

        private void write(Attention.CacheView view, int[] table, int from, int to) {
            for (int position = from; position < to; position++) {
                int row = position * KV_HEADS * headSize;
                int blockSize = view.blockSize();
                Attention.write(view, table[position / blockSize], position % blockSize, k, row, v, row);
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

        /** The definition, in doubles, of one position. */
        double[] reference(int position, int window, float cap) {
            double[] out = new double[HEADS * headSize];
            for (int head = 0; head < HEADS; head++) {
                int kvHead = head / (HEADS / KV_HEADS);
                double sum = 0;
                for (int p = AttentionGroup.firstAttended(position, window); p <= position; p++) {
                    int row = (p * KV_HEADS + kvHead) * headSize;
                    double score = 0;
                    for (int c = 0; c < headSize; c++) {
                        score += (double) q[(position * HEADS + head) * headSize + c] * k[row + c];
                    }
                    double scaled = score * scale();
                    double weight = Math.exp(cap == 0 ? scaled : cap * Math.tanh(scaled / cap));
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

    private static double tolerance(CacheElement element) {
        return switch (element) {
            case F32 -> 3e-6;
            case F16 -> 0.004;
            case BF16, INT8 -> 0.05;
        };
    }

    @ParameterizedTest
    @EnumSource(CacheElement.class)
    void theResultIsThatOfTheDefinition(CacheElement element) {
        for (int headSize : new int[] {2, 64, 80}) {
            for (int length : new int[] {1, 65, 150}) {
                Sequence sequence = Sequence.random(length, length, headSize);
                for (int window : new int[] {ALL, 50}) {
                    float cap = window == ALL ? 0 : 0.8f;
                    float[] out = sequence.attend(How.plainly(element, window).withCap(cap), 0);
                    for (int position : new int[] {0, length / 2, length - 1}) {
                        double[] reference = sequence.reference(position, window, cap);
                        for (int i = 0; i < reference.length; i++) {
                            assertThat((double) out[position * HEADS * headSize + i])
                                    .as(
                                            "head size %d, window %d, position %d, element %d",
                                            headSize, window, position, i)
                                    .isCloseTo(reference[i], within(tolerance(element)));
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(CacheElement.class)
    void theBitsDoNotDependOnBlocksChunksOrThreads(CacheElement element) {
        for (int length : new int[] {150}) {
            Sequence sequence = Sequence.random(length, length, 32);
            for (int window : new int[] {ALL, 70}) {
                float cap = window == ALL ? 0 : 0.8f;
                float[] expected = sequence.attend(How.plainly(element, window).withCap(cap), 0);
                for (int blockSize : new int[] {1, 33}) {
                    for (int chunk : new int[] {1, 7, 64}) {
                        How how = new How(element, blockSize, window, cap, chunk, 1 + chunk % 4);
                        assertThat(sequence.attend(how, 0))
                                .as("length %d, %s", length, how)
                                .containsExactly(expected);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {ALL, 1500})
    void theBitsDoNotDependOnWhoComputesWhichPartOfALongContext(int window) {
        Sequence sequence = Sequence.random(window, 2200, 16);
        int first = sequence.length() - 20;
        for (CacheElement element : List.of(CacheElement.BF16, CacheElement.INT8)) {
            float[] expected = sequence.attend(How.plainly(element, window), first);
            for (int threads = 1; threads <= 4; threads++) {
                for (int chunk : new int[] {1, 9}) {
                    How how = new How(element, 16, window, 0, chunk, threads);
                    assertThat(sequence.attend(how, first)).as("%s", how).containsExactly(expected);
                }
            }
            double[] reference = sequence.reference(sequence.length() - 1, window, 0);
            for (int i = 0; i < reference.length; i++) {
                assertThat((double) expected[19 * HEADS * 16 + i])
                        .as("%s, element %d", element, i)
                        .isCloseTo(reference[i], within(tolerance(element)));
            }
        }
    }

    /** Many heads over one row: key and, from its beginning, value. */
    @Test
    void latentRowsAreKeysAndValuesWhoeverComputesWhichHeads() {
        int heads = 48;
        int keySize = 24;
        int valueSize = 16;
        int length = 1100;
        Random random = new Random(21);
        float[] rows = Matrices.floats(random, length * keySize);
        float[] q = Matrices.floats(random, length * heads * keySize);
        int first = length - 3;
        float[] expected = new float[0];
        try (Arena arena = Arena.ofShared()) {
            Attention.CacheView view = new Attention.CacheView(
                    arena.allocate((length + 8L) * keySize * Float.BYTES, 64),
                    CacheElement.F32,
                    8,
                    keySize,
                    1,
                    8L * keySize * Float.BYTES,
                    0,
                    0,
                    (long) keySize * Float.BYTES);
            int[] table = Sequence.blockTable(random, Math.ceilDiv(length, 8));
            for (int i = 0; i < length; i++) {
                Attention.writeLatent(view, table[i / 8], i % 8, rows, i * keySize);
            }
            for (int threads : new int[] {1, 2, 4, 7}) {
                float[] out = new float[length * heads * valueSize];
                BatchAttention attention = new BatchAttention(heads, 1, keySize, valueSize);
                attention.add(first, 3, first, table);
                try (WorkerPool pool = WorkerPool.create(threads)) {
                    attention.attend(view, ALL, 0.2f, 0, q, out, pool);
                }
                expected = threads == 1 ? out : expected;
                assertThat(Arrays.mismatch(out, expected))
                        .as("first different result with %d threads", threads)
                        .isEqualTo(-1);
            }
        }
        for (int head = 0; head < heads; head++) {
            int position = first + head % 3;
            double[] reference = latentReference(rows, q, keySize, valueSize, heads, position, head);
            for (int c = 0; c < valueSize; c++) {
                assertThat((double) expected[(position * heads + head) * valueSize + c])
                        .as("position %d, head %d, channel %d", position, head, c)
                        .isCloseTo(reference[c], within(3e-6));
            }
        }
    }

    private static double[] latentReference(
            float[] rows, float[] q, int keySize, int valueSize, int heads, int position, int head) {
        double[] out = new double[valueSize];
        double sum = 0;
        for (int p = 0; p <= position; p++) {
            double score = 0;
            for (int c = 0; c < keySize; c++) {
                score += (double) q[(position * heads + head) * keySize + c] * rows[p * keySize + c];
            }
            double weight = Math.exp(0.2f * score);
            sum += weight;
            for (int c = 0; c < valueSize; c++) {
                out[c] += weight * rows[p * keySize + c];
            }
        }
        for (int c = 0; c < valueSize; c++) {
            out[c] /= sum;
        }
        return out;
    }

    @Test
    void scoresBeyondTheRangeOfTheExponentialStayFinite() {
        Sequence sequence = Sequence.random(1, 40, 64);
        for (int i = 0; i < sequence.q().length; i++) {
            sequence.q()[i] *= 1000;
        }
        for (float value : sequence.attend(How.plainly(CacheElement.F32, ALL), 0)) {
            assertThat(value).isFinite();
        }
    }

    @ParameterizedTest
    @EnumSource(CacheElement.class)
    void anInvalidTokenDamagesNobodyBeforeIt(CacheElement element) {
        Sequence sequence = Sequence.random(3, 100, 16);
        float[] expected = sequence.attend(How.plainly(element, ALL), 0);
        int row = 80 * KV_HEADS * 16;
        sequence.k()[row] = Float.NaN;
        sequence.v()[row] = Float.POSITIVE_INFINITY;
        float[] actual = sequence.attend(How.plainly(element, ALL), 0);
        int damaged = 80 * HEADS * 16;
        assertThat(Arrays.copyOf(actual, damaged)).containsExactly(Arrays.copyOf(expected, damaged));
        for (int position = 80; position < 100; position++) {
            assertThat(actual[position * HEADS * 16])
                    .as("position %d", position)
                    .isNaN();
        }
    }

    @Test
    void integersTakeTheScaleOfTheirRow() {
        Sequence sequence = Sequence.random(4, 30, 16);
        for (int i = 0; i < sequence.v().length; i++) {
            sequence.v()[i] *= (float) Math.pow(10, i / 16 % 7 - 3);
        }
        float[] out = sequence.attend(How.plainly(CacheElement.INT8, 1), 0);
        for (int position = 0; position < 30; position++) {
            for (int head = 0; head < HEADS; head++) {
                int row = position * KV_HEADS + head / (HEADS / KV_HEADS);
                double largest = 0;
                for (int c = 0; c < 16; c++) {
                    largest = Math.max(largest, Math.abs(sequence.v()[row * 16 + c]));
                }
                for (int c = 0; c < 16; c++) {
                    assertThat((double) out[(position * HEADS + head) * 16 + c])
                            .isCloseTo(sequence.v()[row * 16 + c], within(largest / 253));
                }
            }
        }
    }

    @Test
    void positionsOutsideTheBlockTableAreRefused() {
        try (Arena arena = Arena.ofConfined();
                WorkerPool pool = WorkerPool.create(1)) {
            Attention.CacheView view =
                    new Attention.CacheView(arena.allocate(4096), CacheElement.F32, 4, 8, KV_HEADS, 512, 256, 128, 32);
            BatchAttention attention = new BatchAttention(HEADS, KV_HEADS, 8);
            attention.add(0, 1, 4, new int[] {0});
            float[] q = new float[HEADS * 8];
            assertThatThrownBy(() -> attention.attend(view, ALL, 1, 0, q, new float[HEADS * 8], pool))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("Positions 4 to 4 are not in 1 blocks of 4");
        }
    }
}
