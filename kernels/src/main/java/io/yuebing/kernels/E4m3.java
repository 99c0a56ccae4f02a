package io.yuebing.kernels;

/**
 * 8-bit floats of 4 exponent and 3 fraction bits.
 *
 * <pre>
 * code    s eeee fff              value  (-1)^s 1.fff 2^(eeee - 7), or 0.fff 2^-6 if eeee = 0
 * float   s 0000eeee fff000...    exponent too small by the biases' difference, 127 - 7 = 120
 * </pre>
 *
 * Multiplying by 2<sup>120</sup> makes up for it, exactly, subnormal codes included. There is no infinity; the codes of
 * NaN, whose lower seven bits are set, must not occur.
 */
final class E4m3 {
    /** Moves the exponent and fraction of a code to those of a float. */
    static final int SHIFT = 20;

    static final float REBIAS = 0x1p120f;

    private E4m3() {}

    static float value(int code) {
        return Float.intBitsToFloat((code & 0x80) << 24 | (code & 0x7F) << SHIFT) * REBIAS;
    }
}
