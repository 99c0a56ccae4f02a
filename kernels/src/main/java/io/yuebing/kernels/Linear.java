package io.yuebing.kernels;

/**
 * A matrix of weights that multiplies rows of activations: {@code y = W x + bias}.
 *
 * <p>The bits of a row of {@code y} depend on its row of {@code x} alone: not on the other tokens, the number of threads
 * or the width of the machine's vectors.
 */
public sealed interface Linear permits PanelMatrix, OffsetMatrix, ObservedLinear {
    int inputs();

    int outputs();

    /** Bytes held outside the heap. */
    long bytes();

    /** The matrix as it lies in memory; valid as long as the arena that it was made in. */
    PackedLinear packed();

    /**
     * Multiplies.
     *
     * @param x {@code tokens x inputs}, row-major, from index 0
     * @param tokens number of rows, 0 or more
     * @param y {@code tokens x outputs}, row-major, from index 0; overwritten; must not be {@code x}
     * @param pool computes; called by one thread at a time
     * @throws IllegalArgumentException if an array is too short
     */
    void apply(float[] x, int tokens, float[] y, WorkerPool pool);

    /**
     * Multiplies and adds: {@code y += W x + bias}, as the residual stream of a transformer wants it.
     *
     * @param x gives the activations; must not read {@code y}
     * @param y {@code tokens x outputs}, row-major, from index 0
     * @throws IllegalArgumentException if {@code y} is too short
     */
    void addTo(ActivationRows x, int tokens, float[] y, WorkerPool pool);
}
