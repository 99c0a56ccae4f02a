package io.yuebing.kernels;

/**
 * What choosing a token from a vocabulary's logits needs: each a single pass over the row.
 *
 * <p>Sums are added up as {@link Kernels#REDUCTION_LANES} says.
 */
public final class Selection {
    private Selection() {}

    /** The largest of {@code n} values from {@code at} on; NaN if one is NaN, negative infinity if there are none. */
    public static float largest(float[] x, int at, int n) {
        return Kernels.active().selection().largest(x, at, n);
    }

    /** The first index from {@code from} on whose value is at least {@code least}; {@code to} if there is none before. */
    public static int firstAtLeast(float[] x, int from, int to, float least) {
        return Kernels.active().selection().firstAtLeast(x, from, to, least);
    }

    /**
     * Computes {@code weights[i] = exp((x[i] - shift) * factor)}, or 0 where that is less than {@code least}.
     *
     * @return the sum of the weights
     */
    public static float exponentials(
            float[] x, int at, int n, float shift, float factor, float least, float[] weights, int weightsAt) {
        return Kernels.active().selection().exponentials(x, at, n, shift, factor, least, weights, weightsAt);
    }

    /** The sum of those of {@code n} values from {@code at} on that are at least {@code least}. */
    public static float sumAtLeast(float[] x, int at, int n, float least) {
        return Kernels.active().selection().sumAtLeast(x, at, n, least);
    }

    /** How many of {@code n} values from {@code at} on are at least {@code least}. */
    public static int countAtLeast(float[] x, int at, int n, float least) {
        return Kernels.active().selection().countAtLeast(x, at, n, least);
    }
}
