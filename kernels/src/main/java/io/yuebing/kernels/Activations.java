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

    /** {@code x += y} for {@code n} values. */
    public static void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] += y[yOffset + i];
        }
    }
}
