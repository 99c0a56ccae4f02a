package io.yuebing.kernels;

/**
 * The exponential function with the same bits in every compiler tier and vector width, which {@link Math#exp} does not
 * promise.
 *
 * <p>With n the integer nearest to x / ln 2 and r = x - n ln 2, e<sup>x</sup> = 2<sup>n</sup> e<sup>r</sup>;
 * e<sup>r</sup> is the polynomial of the Cephes library's {@code expf}. The error is below 2 units in the last place.
 */
final class Exponential {
    /**
     * Below, the result is 0: 2<sup>-92</sup> of the largest score adds nothing to its sum. Smaller results would be or lead to
     * subnormal floats, for which processors need a hundred times as long.
     */
    static final float SMALLEST = -64;

    /** Above, the result is infinite. */
    static final float LARGEST = 89;

    static final float LOG2_E = 1.44269504f;

    /** ln 2 in two parts; products of n with the first are exact. */
    static final float LN2_HIGH = 0.693359375f;

    static final float LN2_LOW = -2.12194440e-4f;

    static final float C2 = 5.0000001201e-1f;
    static final float C3 = 1.6666665459e-1f;
    static final float C4 = 4.1665795894e-2f;
    static final float C5 = 8.3334519073e-3f;
    static final float C6 = 1.3981999507e-3f;
    static final float C7 = 1.9875691500e-4f;

    static final int EXPONENT_BIAS = 127;
    static final int MANTISSA_BITS = 23;

    private Exponential() {}

    static float of(float value) {
        if (value < SMALLEST) {
            return 0;
        }
        float x = Math.min(value, LARGEST);
        float rounded = Math.fma(x, LOG2_E, RowKernel.ROUNDER);
        float n = rounded - RowKernel.ROUNDER;
        float r = Math.fma(n, -LN2_HIGH, x);
        r = Math.fma(n, -LN2_LOW, r);
        float p = Math.fma(C7, r, C6);
        p = Math.fma(p, r, C5);
        p = Math.fma(p, r, C4);
        p = Math.fma(p, r, C3);
        p = Math.fma(p, r, C2);
        p = Math.fma(p, r * r, r) + 1;
        // in two factors, since 2^n itself may be beyond the range of floats
        int exponent = Float.floatToRawIntBits(rounded) - Float.floatToRawIntBits(RowKernel.ROUNDER);
        int half = exponent >> 1;
        return p * powerOfTwo(half) * powerOfTwo(exponent - half);
    }

    private static float powerOfTwo(int exponent) {
        return Float.intBitsToFloat((exponent + EXPONENT_BIAS) << MANTISSA_BITS);
    }
}
