package io.yuebing.kernels;

/** How products of quantised weights treat their activations. */
public enum ComputeMode {
    /** Activations stay floats: the result differs from dequantised weights only by rounding. */
    F32,

    /**
     * Activations are rounded to 8 bits, with one scale for each 32 inputs of a token; the
     * products within such a block are summed exactly.
     */
    INT8
}
