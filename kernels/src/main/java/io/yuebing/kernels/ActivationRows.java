package io.yuebing.kernels;

/**
 * Where a product takes its activations from: computed row by row as they are needed, so that a norm or a gate costs no
 * pass of its own over memory.
 */
@FunctionalInterface
public interface ActivationRows {
    /**
     * Writes one token's activations. Called by any thread of the pool, once or more for each token of a product.
     *
     * @param to receives as many values as the product has inputs, from index 0
     */
    void read(int token, float[] to);
}
