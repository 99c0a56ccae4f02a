package io.yuebing.model.quantize;

/**
 * A quantised matrix: {@code w = scale * (code - zero)}, where all zero points are the middle of the codes.
 *
 * @param bits width of a code
 * @param groups groups of inputs that share a scale
 * @param codes {@code [outputs][inputs]}, unsigned
 * @param scales {@code [groups][outputs]}, IEEE half precision
 * @param groupOf the group of each input
 */
@SuppressWarnings("ArrayRecordComponent") // large; never compared
record GptqMatrix(int outputs, int inputs, int bits, int groups, byte[] codes, short[] scales, int[] groupOf) {

    /** The zero point of all groups. */
    int zero() {
        return 1 << bits - 1;
    }

    /** A weight as engines will see it. */
    float weight(int output, int input) {
        float scale = Float.float16ToFloat(scales[groupOf[input] * outputs + output]);
        return scale * ((codes[output * inputs + input] & 0xFF) - zero());
    }
}
