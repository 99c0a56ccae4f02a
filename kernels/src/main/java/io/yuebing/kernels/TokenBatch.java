package io.yuebing.kernels;

/**
 * Activations of some tokens as the loops read them: in the order of the matrix's codes, rounded to integers for
 * {@link ComputeMode#INT8}, and with a tile's tokens side by side.
 *
 * <pre>
 * ROWS        [block][token][input]                     one token, or plain loops
 * TILES       [block][token / 8][input][token % 8]      all tiles of a block read one stretch of memory
 * PAIRS       [block][token][input / 2]                 two 16-bit numbers as the bits of a float
 * PAIR_TILES  [block][token / 8][input / 2][token % 8]
 * BYTES       [block][token][input]                     integers for the native kernels, whose runs lie [run][token]
 * </pre>
 *
 * <p>Pairs are made for multiplying packed 4-bit codes without taking them apart, in arithmetic modulo 2<sup>16</sup>. A
 * word w of codes c<sub>0</sub> to c<sub>7</sub>, shifted by 4s, holds in its low half c<sub>s</sub> + 16 (the half of w
 * shifted by 4(s + 1)), apart from what the half cannot hold. So
 *
 * <pre>
 * c0 x0 + ... + c7 x7 = sum over s = 0..3 of  low(w >> 4s) (x[s] - 16 x[s-1]) + high(w >> 4s) (x[s+4] - 16 x[s+3])
 * </pre>
 *
 * where x[-1] = 0, and pair s of the word holds the two brackets, the first in the low half. They are bits of floats
 * because HotSpot broadcasts a float, but not an int, straight from memory.
 *
 * <p>Kept by the calling thread from product to product, so that a forward pass allocates nothing.
 */
final class TokenBatch {
    /** Tokens at a time: enough to pay for unpacking weights, few enough for their sums to stay in the cache. */
    static final int MAX_TOKENS = 256;

    /** Tokens side by side. */
    static final int TILE = 8;

    /** Order of the activations in memory. */
    enum Layout {
        ROWS(1, false),
        TILES(TILE, false),
        PAIRS(1, true),
        PAIR_TILES(TILE, true),
        BYTES(1, false);

        private final int width;
        private final boolean pairs;

        Layout(int width, boolean pairs) {
            this.width = width;
            this.pairs = pairs;
        }
    }

    private Layout layout = Layout.ROWS;
    private int tokens;
    private int inputs;
    private int padded;
    private int runs;

    float[] values = {};

    /** Instead of {@link #values} in {@link Layout#BYTES}. */
    byte[] bytes = {};

    /** {@code [token][run]} what an integer stands for, see {@link #run}; in {@link Layout#BYTES} {@code [run][token]}. */
    float[] scales = {};

    /** Sums of the integers, in the same order. */
    float[] runSums = {};

    /** In {@link Layout#BYTES}: minus the sum times the code of the weight 0, in the same order. */
    int[] starts = {};

    /** {@code [token][run]} minus 8 times the sum of the integers, a pair: makes codes 0 to 15 count as -8 to 7. */
    float[] offsets = {};

    int tokens() {
        return tokens;
    }

    /**
     * Index in {@link #values} of a token's first activation, or pair, of a block; the next is 1 further, in a tile
     * {@value #TILE}.
     *
     * @param first index of the block's first activation or pair among the row's
     * @param count how many the block has
     */
    int at(int token, int first, int count) {
        int width = layout.width;
        return first * padded + token / width * count * width + token % width;
    }

    /** Index of a token's value for a run. */
    int run(int token, int run) {
        return token * runs + run;
    }

    int runs() {
        return runs;
    }

    /** Makes room for tokens that {@link #put} will write. */
    void begin(PanelShape shape, int count, ComputeMode mode, Layout order) {
        tokens = count;
        layout = order;
        inputs = shape.paddedInputs();
        padded = Math.ceilDiv(count, order.width) * order.width;
        runs = mode == ComputeMode.INT8 ? shape.runs() : 0;
        int length = padded * (order.pairs ? inputs / 2 : inputs);
        if (order == Layout.BYTES) {
            bytes = bytes.length < length ? new byte[length] : bytes;
        } else if (values.length < length) {
            values = new float[length];
        }
        if (scales.length < count * runs) {
            scales = new float[count * runs];
            runSums = new float[count * runs];
            offsets = new float[count * runs];
            starts = new int[count * runs];
        }
    }

    /** Writes a token's activations, which are rounded in place for {@link ComputeMode#INT8}. */
    void put(PanelShape shape, int token, float[] row, RowKernel rows) {
        if (layout == Layout.BYTES) {
            NativeInt8Panels.quantize(shape, token, row, this);
            return;
        }
        if (runs > 0) {
            quantize(shape, token, row, rows);
        }
        int at = 0;
        for (int group = 0; group < shape.groups(); group++) {
            int inGroup = shape.paddedGroupInputs(group);
            for (int i = 0; i < inGroup; i += PanelShape.BLOCK) {
                int n = Math.min(PanelShape.BLOCK, inGroup - i);
                putBlock(token, row, at, n);
                at += n;
            }
        }
    }

    private void putBlock(int token, float[] row, int from, int count) {
        if (layout.pairs) {
            putPairs(row, from, count, at(token, from / 2, count / 2));
        } else if (layout.width == 1) {
            System.arraycopy(row, from, values, at(token, from, count), count);
        } else {
            int to = at(token, from, count);
            for (int i = 0; i < count; i++) {
                values[to + i * TILE] = row[from + i];
            }
        }
    }

    private void quantize(PanelShape shape, int token, float[] row, RowKernel rows) {
        int run = token * runs;
        int at = 0;
        for (int group = 0; group < shape.groups(); group++) {
            int padded = shape.paddedGroupInputs(group);
            for (int i = 0; i < padded; i += PanelShape.RUN) {
                int n = Math.min(PanelShape.RUN, padded - i);
                scales[run] = rows.quantize(row, at, n);
                int sum = 0; // of integers, in any order: a chain of floats would have to wait for each addition
                for (int k = at; k < at + n; k++) {
                    sum += (int) row[k];
                }
                runSums[run] = sum;
                offsets[run] = pair(-8 * sum, 0);
                at += n;
                run++;
            }
        }
    }

    private void putPairs(float[] row, int from, int count, int at) {
        int to = at;
        for (int word = from; word < from + count; word += 8) {
            int low = 0;
            int high = (int) row[word + 3];
            for (int i = word; i < word + 4; i++) {
                int nextLow = (int) row[i];
                int nextHigh = (int) row[i + 4];
                values[to] = pair(nextLow - 16 * low, nextHigh - 16 * high);
                low = nextLow;
                high = nextHigh;
                to += layout.width;
            }
        }
    }

    private static float pair(int low, int high) {
        return Float.intBitsToFloat(high << Short.SIZE | low & 0xFFFF);
    }
}
