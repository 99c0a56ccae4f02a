package io.yuebing.kernels;

import static io.yuebing.kernels.PanelShape.ROWS;

/** A kernel that sums one panel at a time for all tokens. */
interface PanelByPanel extends PanelKernel {
    /**
     * Adds the products of a panel to the sums.
     *
     * @param panel address of the panel
     * @param sums {@code [token][32]}
     */
    void addPanel(PanelShape shape, long panel, TokenBatch batch, float[] sums);

    @Override
    default void multiply(
            PanelShape shape,
            long panels,
            int from,
            int to,
            TokenBatch batch,
            float[] bias,
            float[] y,
            int at,
            boolean add) {
        float[] sums = BlockScratch.ofThread().sums;
        int tokens = batch.tokens();
        for (int panel = from; panel < to; panel++) {
            int firstRow = panel * ROWS;
            for (int token = 0; token < tokens; token++) {
                System.arraycopy(bias, firstRow, sums, token * ROWS, ROWS);
            }
            addPanel(shape, panels + panel * shape.panelBytes(), batch, sums);
            int rows = Math.min(ROWS, shape.outputs() - firstRow);
            for (int token = 0; token < tokens; token++) {
                int result = (at + token) * shape.outputs() + firstRow;
                if (add) {
                    Activations.add(y, result, sums, token * ROWS, rows);
                } else {
                    System.arraycopy(sums, token * ROWS, y, result, rows);
                }
            }
        }
    }
}
