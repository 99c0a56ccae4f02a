package io.yuebing.kernels;

/** Normalises rows of activations. */
public final class Norms {
    private Norms() {}

    /**
     * Root mean square norm (Zhang and Sennrich, 2019): {@code out = weight * x / sqrt(mean(x^2) + eps)}.
     *
     * @param x row of {@code n} values at {@code offset}
     * @param weight {@code n} factors from index 0
     * @param out receives the row at {@code outOffset}; may be {@code x}, at the same offset
     */
    public static void rms(float[] x, int offset, int n, float[] weight, float eps, float[] out, int outOffset) {
        double meanSquare = (double) Kernels.active().rows().sumOfSquares(x, offset, n) / n;
        float factor = (float) (1 / Math.sqrt(meanSquare + eps));
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = weight[i] * (x[offset + i] * factor);
        }
    }
}
