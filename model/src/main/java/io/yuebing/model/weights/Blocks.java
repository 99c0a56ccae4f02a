package io.yuebing.model.weights;

/**
 * Which weights of a matrix share a scale.
 *
 * @param outputs outputs that share one; {@link #WHOLE} = all
 * @param inputs inputs that share one; {@link #WHOLE} = all
 */
record Blocks(int outputs, int inputs) {
    static final int WHOLE = GptqConfig.WHOLE_COLUMN;

    /** One scale for the matrix. */
    static final Blocks TENSOR = new Blocks(WHOLE, WHOLE);

    /** A scale for each output. */
    static final Blocks CHANNEL = new Blocks(1, WHOLE);

    String describe() {
        if (equals(TENSOR)) {
            return "one scale";
        }
        if (equals(CHANNEL)) {
            return "per channel";
        }
        return outputs == 1 ? "group " + inputs : "blocks of " + outputs + " x " + inputs;
    }
}
