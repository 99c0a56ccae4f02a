package io.yuebing.model;

import io.yuebing.api.UserError;

/**
 * How a model is to be quantised by GPTQ.
 *
 * @param bits width of a code: 4 or 8
 * @param groupSize inputs that share a scale: -1 = all, otherwise a multiple of 8
 * @param actOrder quantise the inputs with the largest activations first: {@code desc_act}
 * @param threads threads that compute; at least 1
 */
public record QuantizeOptions(int bits, int groupSize, boolean actOrder, int threads) {
    /** All inputs share a scale. */
    public static final int WHOLE_COLUMN = -1;

    private static final int GROUP_STEP = 8;

    public QuantizeOptions {
        if (bits != 4 && bits != 8) {
            throw new IllegalArgumentException("codes have 4 or 8 bits, not " + bits);
        }
        if (groupSize != WHOLE_COLUMN && (groupSize < GROUP_STEP || groupSize % GROUP_STEP != 0)) {
            throw new UserError("the group size must be a multiple of " + GROUP_STEP
                    + ", or -1 for one scale for all inputs, got " + groupSize);
        }
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, got " + threads);
        }
    }
}
