package io.yuebing.kernels;

import static io.yuebing.kernels.AttentionKernel.TILE;

import io.yuebing.kernels.Attention.CacheView;
import java.util.Arrays;

/**
 * Attention of query heads that share one KV head, over rows of one sequence: keys and values are read once for all of
 * them (Dao, 2023: FlashAttention-2, with the split over positions of Flash-Decoding).
 *
 * <p>Keys and values may differ in size. Where the cache holds one latent row for both, the value is the row's beginning.
 *
 * <p>Positions are cut at multiples of {@link #SPAN}, a span at multiples of {@link AttentionKernel#TILE}. Within a span
 * the tiles are taken in ascending order with a running maximum; a span's result is a state of its own, and states are
 * merged in ascending order. So a result has one order of additions, whoever computes which span.
 *
 * <pre>
 *   state of a query:  | sums, valueSize | largest score | sum of exponentials |
 * </pre>
 *
 * <p>Scratch memory of one thread.
 */
final class AttentionGroup {
    /** Positions whose state one task computes when threads share a context. */
    static final int SPAN = 16 * TILE;

    private static final ThreadLocal<AttentionGroup> OF_THREAD = ThreadLocal.withInitial(AttentionGroup::new);
    /** Queries that share the loads of a vector of values. */
    private static final int TOGETHER = 4;

    private final long[] keyRows = new long[TILE];
    private final float[] keyScales = new float[TILE];
    private final float[] valueScales = new float[TILE];
    private final int[] transposing = new int[AttentionKernel.SCRATCH];
    private float[] keys = {};
    private float[] values = {};
    private float[] scores = {};
    private float[] largest = {};
    private float[] sums = {};
    private final float[] lanes = new float[Kernels.REDUCTION_LANES];
    private float[] span = {};
    private float[] total = {};
    private int[] queryAt = {};
    private int[] resultAt = {};

    // Of the group being computed.
    private int keySize;
    private int valueSize;
    private int perRow;
    private int rows;
    private int firstPosition;
    private int window;
    private float cap;

    static AttentionGroup ofThread() {
        return OF_THREAD.get();
    }

    /** Floats of a query's state. */
    static int stateSize(int valueSize) {
        return valueSize + 2;
    }

    /**
     * Sets what is computed next.
     *
     * @param keySize channels of a key, and of a query
     * @param valueSize channels of a value
     * @param perRow query heads of a row that are computed together
     * @param rows rows at consecutive positions
     * @param window positions that a row attends to, its own included; 0 = all
     * @param cap largest magnitude of a score, softly; 0 = any
     */
    void begin(int keySize, int valueSize, int perRow, int rows, int firstPosition, int window, float cap) {
        this.keySize = keySize;
        this.valueSize = valueSize;
        this.perRow = perRow;
        this.rows = rows;
        this.firstPosition = firstPosition;
        this.window = window;
        this.cap = cap;
        int queries = perRow * rows;
        keys = atLeast(keys, TILE * keySize);
        values = atLeast(values, TILE * valueSize);
        scores = atLeast(scores, TILE * queries);
        largest = atLeast(largest, queries);
        sums = atLeast(sums, queries);
        span = atLeast(span, stateSize(valueSize) * queries);
        total = atLeast(total, stateSize(valueSize) * queries);
        if (queryAt.length < queries) {
            queryAt = new int[queries];
            resultAt = new int[queries];
        }
    }

    private static float[] atLeast(float[] array, int length) {
        return array.length >= length ? array : new float[length];
    }

    /**
     * Where the queries of the group and their results lie: those of a row side by side.
     *
     * @param first number of the first query among all rows' heads
     * @param rowHeads heads of a row, those of other groups included
     */
    void queries(int first, int rowHeads) {
        for (int m = 0; m < rows * perRow; m++) {
            int query = first + m / perRow * rowHeads + m % perRow;
            queryAt[m] = query * keySize;
            resultAt[m] = query * valueSize;
        }
    }

    /** The first position that any row attends to. */
    static int firstAttended(int position, int window) {
        return window == 0 ? 0 : Math.max(0, position - window + 1);
    }

    private int from(int row) {
        return firstAttended(firstPosition + row, window);
    }

    /** Computes the whole result into {@code out}, in the order of the queries. */
    void attend(CacheView cache, int[] table, int kvHead, float[] q, float scale, float[] out) {
        int last = firstPosition + rows - 1;
        clear(total, 0);
        for (int start = from(0) / SPAN * SPAN; start <= last; start += SPAN) {
            computeSpan(cache, table, kvHead, start, q, scale, span, 0);
            merge(span, 0);
        }
        write(out);
    }

    /** Merges states that others computed, ascending, into {@code out}. */
    void combine(float[] states, int at, int spans, float[] out) {
        int size = rows * perRow * stateSize(valueSize);
        clear(total, 0);
        for (int i = 0; i < spans; i++) {
            merge(states, at + i * size);
        }
        write(out);
    }

    private void clear(float[] states, int at) {
        int size = stateSize(valueSize);
        Arrays.fill(states, at, at + rows * perRow * size, 0);
        for (int m = 0; m < rows * perRow; m++) {
            states[at + m * size + valueSize] = Float.NEGATIVE_INFINITY;
        }
    }

    /** Computes the states of one span of positions into {@code states} from {@code at} on. */
    void computeSpan(
            CacheView cache, int[] table, int kvHead, int start, float[] q, float scale, float[] states, int at) {
        clear(states, at);
        int end = Math.min(start + SPAN, firstPosition + rows);
        AttentionKernel kernel = Kernels.active().attention();
        for (int tile = Math.max(start, from(0) / TILE * TILE); tile < end; tile += TILE) {
            int first = Math.max(0, tile - firstPosition);
            int past = rows;
            while (past > first && from(past - 1) >= tile + TILE) {
                past--;
            }
            if (first < past) {
                computeTile(kernel, cache, table, kvHead, tile, first * perRow, past * perRow, q, scale, states, at);
            }
        }
    }

    private void computeTile(
            AttentionKernel kernel,
            CacheView cache,
            int[] table,
            int kvHead,
            int tile,
            int firstQuery,
            int pastQuery,
            float[] q,
            float scale,
            float[] states,
            int at) {
        locate(cache, table, kvHead, tile);
        kernel.readKeys(cache.layer(), keyRows, cache.element(), 0, keySize, keys, transposing);
        kernel.scores(keys, keySize, keyScales, scale, q, queryAt, firstQuery, pastQuery, scores);
        if (cap != 0) {
            Activations.softCap(scores, firstQuery * TILE, (pastQuery - firstQuery) * TILE, cap);
        }
        weigh(kernel, tile, firstQuery, pastQuery, states, at);
        if (cache.element().scaled()) {
            scaleWeights(firstQuery, pastQuery);
        }
        kernel.readValues(cache.layer(), keyRows, cache.kvStride(), cache.element(), 0, valueSize, values);
        for (int m = firstQuery; m < pastQuery; m += TOGETHER) {
            addValues(kernel, m, Math.min(TOGETHER, pastQuery - m), tile, states, at);
        }
    }

    /**
     * Finds the rows of a tile. Positions that nobody attends to, which may have no block, get a row that somebody does: what
     * is read for them is not used.
     */
    private void locate(CacheView cache, int[] table, int kvHead, int tile) {
        int least = from(0);
        int most = firstPosition + rows - 1;
        int before = -1;
        int slot = 0;
        long row = 0;
        for (int i = 0; i < TILE; i++) {
            int position = Math.clamp(tile + i, least, most);
            if (before < 0 || position != before && slot + 1 == cache.blockSize()) {
                int block = position / cache.blockSize();
                slot = position - block * cache.blockSize();
                row = cache.offset(table[block], Attention.KEYS, kvHead, slot);
            } else if (position != before) {
                slot++;
                row += cache.tokenStride();
            }
            before = position;
            keyRows[i] = row;
            keyScales[i] = cache.scale(row);
            valueScales[i] = cache.scale(row + cache.kvStride());
        }
    }

    /** First position in the tile that a query attends to. */
    private int low(int query, int tile) {
        return Math.max(0, from(query / perRow) - tile);
    }

    /** Past the last position in the tile that a query attends to. */
    private int high(int query, int tile) {
        return Math.min(TILE, firstPosition + query / perRow + 1 - tile);
    }

    /** Turns scores into weights relative to the largest score so far, and what was summed before likewise. */
    private void weigh(AttentionKernel kernel, int tile, int from, int past, float[] states, int at) {
        int size = stateSize(valueSize);
        for (int m = from; m < past; m++) {
            int row = m * TILE;
            Arrays.fill(scores, row, row + low(m, tile), Float.NEGATIVE_INFINITY);
            Arrays.fill(scores, row + high(m, tile), row + TILE, Float.NEGATIVE_INFINITY);
            largest[m] = states[at + m * size + valueSize];
        }
        kernel.weigh(scores, from, past, largest, sums, lanes);
        for (int m = from; m < past; m++) {
            int state = at + m * size;
            float factor = Exponential.of(states[state + valueSize] - largest[m]);
            states[state + valueSize] = largest[m];
            states[state + valueSize + 1] = Math.fma(states[state + valueSize + 1], factor, sums[m]);
            if (factor != 1) {
                for (int c = state; c < state + valueSize; c++) {
                    states[c] *= factor;
                }
            }
        }
    }

    private void scaleWeights(int from, int past) {
        for (int row = from * TILE; row < past * TILE; row += TILE) {
            for (int i = 0; i < TILE; i++) {
                scores[row + i] *= valueScales[i];
            }
        }
    }

    /** Queries together over the positions that all attend to, each alone over the others. */
    private void addValues(AttentionKernel kernel, int query, int count, int tile, float[] states, int at) {
        int size = stateSize(valueSize);
        int low = low(query + count - 1, tile);
        int high = high(query, tile);
        boolean alike = low == low(query, tile) && high == high(query + count - 1, tile);
        if (!alike) {
            high = Math.max(low, high);
            for (int m = query; m < query + count; m++) {
                int past = Math.min(low, high(m, tile));
                accumulate(kernel, m, 1, low(m, tile), past, states, at + m * size);
            }
        }
        accumulate(kernel, query, count, low, high, states, at + query * size);
        if (!alike) {
            for (int m = query; m < query + count; m++) {
                accumulate(kernel, m, 1, Math.max(high, low(m, tile)), high(m, tile), states, at + m * size);
            }
        }
    }

    private void accumulate(AttentionKernel kernel, int query, int count, int first, int past, float[] states, int at) {
        if (first < past) {
            kernel.accumulate(
                    values, valueSize, first, past, scores, query * TILE, states, at, stateSize(valueSize), count);
        }
    }

    /** Adds the states of a later span to the total, both relative to the larger of their largest scores. */
    private void merge(float[] states, int at) {
        int size = stateSize(valueSize);
        for (int m = 0; m < rows * perRow; m++) {
            int mine = m * size;
            int other = at + mine;
            float before = total[mine + valueSize];
            float later = states[other + valueSize];
            if (later == Float.NEGATIVE_INFINITY && states[other + valueSize + 1] == 0) {
                continue; // the query attends to nothing there
            }
            float largest = Math.max(before, later);
            float a = Exponential.of(before - largest);
            float b = Exponential.of(later - largest);
            total[mine + valueSize] = largest;
            total[mine + valueSize + 1] = Math.fma(states[other + valueSize + 1], b, total[mine + valueSize + 1] * a);
            for (int c = 0; c < valueSize; c++) {
                total[mine + c] = Math.fma(states[other + c], b, total[mine + c] * a);
            }
        }
    }

    private void write(float[] out) {
        int size = stateSize(valueSize);
        for (int m = 0; m < rows * perRow; m++) {
            float sum = total[m * size + valueSize + 1];
            int to = resultAt[m];
            for (int c = 0; c < valueSize; c++) {
                out[to + c] = total[m * size + c] / sum;
            }
        }
    }
}
