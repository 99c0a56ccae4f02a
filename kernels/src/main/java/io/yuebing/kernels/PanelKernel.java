package io.yuebing.kernels;

/**
 * Multiplies packed panels of one encoding with activations, block by block of inputs in ascending order:
 *
 * <pre>
 * floats:  s = chain of fused multiply-adds of weight and activation, ascending;  sum = fma(s, scale, sum)
 * INT8:    d = sum of (code - zero) * integer over a run, exactly;
 *          s = fma(d, scale of the activations, s) for each run;                  sum = fma(s, scale, sum)
 * </pre>
 *
 * A row's sum begins with its bias.
 */
interface PanelKernel {
    /** How {@link #multiply} wants the activations of so many tokens. */
    TokenBatch.Layout layout(int tokens);

    /**
     * Computes the results of neighbouring panels.
     *
     * @param panels address of the matrix's first panel
     * @param from the first panel to multiply
     * @param to past the last
     * @param bias for each row of all panels
     * @param y {@code [token][outputs]}
     * @param at index of the first token in {@code y}
     * @param add whether results are added to {@code y} or overwrite it
     */
    void multiply(
            PanelShape shape,
            long panels,
            int from,
            int to,
            TokenBatch batch,
            float[] bias,
            float[] y,
            int at,
            boolean add);
}
