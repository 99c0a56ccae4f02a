package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;

/** Arithmetic on single rows of activations. */
interface RowKernel {
    float sumOfSquares(float[] x, int offset, int n);

    /** {@code out = silu(gate) * up} */
    void siluMul(float[] gate, int gateOffset, float[] up, int upOffset, float[] out, int outOffset, int n);

    /** {@code out = gelu(gate) * up}, with the tanh approximation of gelu */
    void geluMul(float[] gate, int gateOffset, float[] up, int upOffset, float[] out, int outOffset, int n);

    /** {@code x = cap * tanh(x / cap)} in place */
    void softCap(float[] x, int offset, int n, float cap);

    /** Replaces scores by {@code exp(score - largest score)} and returns the sum of these. */
    float exponentials(float[] scores, int offset, int n);

    /**
     * Replaces values by integers from -127 to 127, the nearest to {@code value / scale}, and returns the scale.
     *
     * <p>If a value is not finite the scale is NaN, so that the damage stays visible and stays in its token.
     */
    float quantize(float[] values, int offset, int n);

    /** Widens little-endian bfloat16 values. */
    void bf16ToFloat(MemorySegment src, long byteOffset, float[] dst, int dstOffset, int n);

    /** Below this a row counts as zero: the reciprocal of its scale would overflow. */
    float TINY = 1e-30f;

    /** Adding this to a float of small magnitude rounds it to an integer, ties to even; the bits' tail is the integer. */
    float ROUNDER = 0x1.8p23f;

    int LARGEST_INT8 = 127;

    /** {@code sqrt(2 / pi)} */
    float GELU_SCALE = 0.79788456f;

    float GELU_CUBIC = 0.044715f;
}
