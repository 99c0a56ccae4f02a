package io.yuebing.kernels;

/**
 * Activations of some tokens as the kernels read them: in the order of the matrix's codes, rounded to integers for
 * {@link ComputeMode#INT8}.
 *
 * <p>Kept by the calling thread from product to product, so that a forward pass allocates nothing.
 */
final class TokenBatch {
    /** Tokens at a time: enough to pay for unpacking weights, few enough for their activations to stay in the cache. */
    static final int MAX_TOKENS = 64;

    private static final ThreadLocal<TokenBatch> OF_THREAD = ThreadLocal.withInitial(TokenBatch::new);
    private static final float[] ONE = {1};

    private float[] ownValues = {};
    private float[] ownScales = {};

    /** {@code [token][input]}; a token's row begins at {@link #row}. */
    float[] values = ownValues;

    /** {@code [token][block]} factors of the sums of blocks; a token's begin at {@code token * scaleStride}. */
    float[] scales = ONE;

    /** Number of a token's scales, or 0 if all are 1. */
    int scaleStride;

    /** See {@link #pair}. */
    int[] pairs = {};

    /** Sums of each block's integers, written by {@link #pair}. */
    float[] blockSums = {};

    private int firstRow;
    private int stride;

    static TokenBatch ofThread() {
        return OF_THREAD.get();
    }

    /** Index of the token's first activation in {@link #values}. */
    int row(int token) {
        return firstRow + token * stride;
    }

    /** Index of a block's scale in {@link #scales}. */
    int scale(int token, int block) {
        return scaleStride == 0 ? 0 : token * scaleStride + block;
    }

    /** Takes the activations as they are. */
    void view(float[] x, int first, int inputs) {
        values = x;
        firstRow = first;
        stride = inputs;
        scales = ONE;
        scaleStride = 0;
    }

    /** Makes room for activations that {@link #gather} and {@link #quantize} will write. */
    void allocate(PanelShape shape, int tokens, ComputeMode mode) {
        firstRow = 0;
        stride = shape.paddedInputs();
        if (ownValues.length < tokens * stride) {
            ownValues = new float[tokens * stride];
        }
        values = ownValues;
        scales = ONE;
        scaleStride = 0;
        if (mode == ComputeMode.INT8) {
            scaleStride = shape.blocks();
            if (ownScales.length < tokens * scaleStride) {
                ownScales = new float[tokens * scaleStride];
            }
            scales = ownScales;
        }
    }

    /**
     * Writes one token's activations in the order of the codes.
     *
     * @param order for each input of the packed matrix the index of its activation, or -1 where the matrix has padding;
     *     empty if nothing moves
     */
    void gather(float[] x, int from, int token, int[] order) {
        int to = row(token);
        if (order.length == 0) {
            System.arraycopy(x, from, values, to, stride);
        }
        for (int i = 0; i < order.length; i++) {
            values[to + i] = order[i] < 0 ? 0 : x[from + order[i]];
        }
    }

    /** Rounds one token's activations to 8 bits, block by block; the integers are held as floats. */
    void quantize(PanelShape shape, int token, RowKernel rows) {
        int at = row(token);
        int scale = token * scaleStride;
        for (int group = 0; group < shape.groups(); group++) {
            int inputs = shape.paddedGroupInputs(group);
            for (int i = 0; i < inputs; i += shape.block()) {
                int n = Math.min(shape.block(), inputs - i);
                scales[scale++] = rows.quantize(values, at, n);
                at += n;
            }
        }
    }

    /**
     * Lays out the integers of the batch's only token for {@link SingleTokenKernel}: for each word of 8 inputs four
     * pairs, inputs 0 and 4, 1 and 5, 2 and 6, 3 and 7, the first in the low half of an int.
     */
    void pair(PanelShape shape) {
        int inputs = shape.paddedInputs();
        if (pairs.length < inputs / 2) {
            pairs = new int[inputs / 2];
        }
        for (int word = 0; word < inputs / 8; word++) {
            for (int i = 0; i < 4; i++) {
                int low = (int) ownValues[word * 8 + i];
                int high = (int) ownValues[word * 8 + i + 4];
                pairs[word * 4 + i] = high << Short.SIZE | low & 0xFFFF;
            }
        }
        if (blockSums.length < scaleStride) {
            blockSums = new float[scaleStride];
        }
        int at = 0;
        int block = 0;
        for (int group = 0; group < shape.groups(); group++) {
            int end = at + shape.paddedGroupInputs(group);
            while (at < end) {
                int blockEnd = Math.min(at + shape.block(), end);
                float sum = 0;
                while (at < blockEnd) {
                    sum += ownValues[at++];
                }
                blockSums[block++] = sum;
            }
        }
    }

    /** Forgets the caller's array. */
    void release() {
        values = ownValues;
    }

    /** Scratch of a thread that multiplies a band of panels. */
    static final class Band {
        private static final ThreadLocal<Band> OF_THREAD = ThreadLocal.withInitial(Band::new);

        /** One block of a panel as floats, {@code [input][row]}, and the rows' scales behind it. */
        final float[] block = new float[PanelKernel.BLOCK_BUFFER];

        /** {@code [token][row]}. */
        final float[] sums = new float[MAX_TOKENS * PanelShape.ROWS];

        static Band ofThread() {
            return OF_THREAD.get();
        }
    }
}
