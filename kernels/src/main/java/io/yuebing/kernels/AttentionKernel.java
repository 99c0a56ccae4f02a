package io.yuebing.kernels;

/** Arithmetic of one query head with the keys or values of some consecutive positions, {@code [position][channel]}. */
interface AttentionKernel {
    /**
     * Multiplies a query with keys: {@code scores[i] = scale * (q . keys[i])}, summed as {@link
     * Kernels#REDUCTION_LANES} says.
     *
     * @param q query head at {@code qOffset}
     * @param scores receives {@code count} values from {@code scoresOffset}
     */
    void scores(
            float[] keys,
            int count,
            int headSize,
            float[] q,
            int qOffset,
            float scale,
            float[] scores,
            int scoresOffset);

    /**
     * Adds weighted values to an output head, in ascending order: {@code out += weights[i] * values[i]}.
     *
     * @param weights {@code count} weights from {@code weightsOffset}
     * @param out head at {@code outOffset}
     */
    void accumulate(
            float[] values, int count, int headSize, float[] weights, int weightsOffset, float[] out, int outOffset);
}
