package io.yuebing.kernels;

/** Multiplies packed panels of one encoding with activations. */
interface PanelKernel {
    /** How {@link #multiply} wants the activations of so many tokens. */
    TokenBatch.Layout layout(int tokens);

    /**
     * Adds the products of a panel to the sums, block by block of inputs in ascending order:
     *
     * <pre>
     * floats:  s = chain of fused multiply-adds of weight and activation, ascending;  sum = fma(s, scale, sum)
     * INT8:    d = sum of (code - zero) * integer over a run, exactly;
     *          s = fma(d, scale of the activations, s) for each run;                  sum = fma(s, scale, sum)
     * </pre>
     *
     * @param panel address of the panel
     * @param sums {@code [token][32]}
     */
    void multiply(PanelShape shape, long panel, TokenBatch batch, float[] sums);
}
