package io.yuebing.kernels;

/** Element-wise steps between the matrix products of a layer. */
public final class Activations {
    private Activations() {}

    /**
     * The gate of a SwiGLU feed-forward layer (Shazeer, 2020): {@code out = gate / (1 + exp(-gate)) * up}.
     *
     * @param out may be {@code gate} or {@code up}, at the same offset
     */
    public static void siluMul(
            float[] gate, int gateOffset, float[] up, int upOffset, float[] out, int outOffset, int n) {
        Kernels.active().rows().siluMul(gate, gateOffset, up, upOffset, out, outOffset, n);
    }

    /**
     * The gate of a GEGLU feed-forward layer (Shazeer, 2020) with the tanh approximation of gelu (Hendrycks and Gimpel,
     * 2016): {@code out = gate / 2 * (1 + tanh(sqrt(2 / pi) * (gate + 0.044715 * gate^3))) * up}.
     *
     * @param out may be {@code gate} or {@code up}, at the same offset
     */
    public static void geluMul(
            float[] gate, int gateOffset, float[] up, int upOffset, float[] out, int outOffset, int n) {
        Kernels.active().rows().geluMul(gate, gateOffset, up, upOffset, out, outOffset, n);
    }

    /** Replaces {@code n} scores by their softmax. */
    public static void softmax(float[] x, int offset, int n) {
        float sum = Kernels.active().rows().exponentials(x, offset, n);
        for (int i = offset; i < offset + n; i++) {
            x[i] /= sum;
        }
    }

    /** {@code 1 / (1 + exp(-x))} */
    public static float sigmoid(float x) {
        return 1 / (1 + Exponential.of(-x));
    }

    /** Presses {@code n} values softly into the range from -cap to cap: {@code x = cap * tanh(x / cap)}. */
    public static void softCap(float[] x, int offset, int n, float cap) {
        Kernels.active().rows().softCap(x, offset, n, cap);
    }

    /** {@code x += factor * y} for {@code n} values. */
    public static void addScaled(float[] x, int xOffset, float factor, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] = Math.fma(factor, y[yOffset + i], x[xOffset + i]);
        }
    }

    /** {@code x += y} for {@code n} values. */
    public static void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] += y[yOffset + i];
        }
    }
}
