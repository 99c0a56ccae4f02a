package io.yuebing.kernels;

/**
 * Weights as integer codes with a scale and a zero point for each group of inputs: {@code w = scale * (code - zero)}.
 *
 * @param outputs rows of the matrix
 * @param inputs columns of the matrix
 * @param bits width of a code, 2 to 8
 * @param groupSize inputs that share a scale, 1 to {@code inputs}; if it does not divide {@code inputs}, the last group
 *     is shorter
 * @param codes unsigned
 * @param scales {@code [groups][outputs]}
 * @param zeros {@code [groups][outputs]}, unsigned zero points; empty if all are 2<sup>bits - 1</sup>
 * @param inputOrder empty, or for each input of {@code codes} the activation it multiplies (GPTQ's act-order, sorted by
 *     group)
 */
public record QuantizedWeights(
        int outputs,
        int inputs,
        int bits,
        int groupSize,
        CodeBands codes,
        float[] scales,
        byte[] zeros,
        int[] inputOrder) {
    public QuantizedWeights {
        if (outputs < 1 || inputs < 1) {
            throw new IllegalArgumentException("A matrix needs inputs and outputs, not " + outputs + " x " + inputs);
        }
        if (bits < 2 || bits > 8) {
            throw new IllegalArgumentException("Codes have 2 to 8 bits, not " + bits);
        }
        if (groupSize < 1 || groupSize > inputs) {
            throw new IllegalArgumentException("A group has 1 to " + inputs + " inputs, not " + groupSize);
        }
        long groups = Math.ceilDiv(inputs, groupSize);
        requireLength("scales", scales.length, groups * outputs);
        if (zeros.length > 0) {
            requireLength("zeros", zeros.length, groups * outputs);
        }
        if (inputOrder.length > 0) {
            requireLength("inputOrder", inputOrder.length, inputs);
            for (int input : inputOrder) {
                if (input < 0 || input >= inputs) {
                    throw new IllegalArgumentException(
                            "inputOrder names input " + input + " of a matrix with " + inputs + " inputs");
                }
            }
        }
    }

    private static void requireLength(String name, int length, long expected) {
        if (length != expected) {
            throw new IllegalArgumentException(name + " has " + length + " elements instead of " + expected);
        }
    }
}
