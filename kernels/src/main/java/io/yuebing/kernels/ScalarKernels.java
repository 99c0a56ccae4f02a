package io.yuebing.kernels;

/** The plain loops: the definition of every result, and the fallback where the machine offers no vectors. */
final class ScalarKernels implements Kernels {
    private final RowKernel rows = new ScalarRows();
    private final AttentionKernel attention = new ScalarAttention();
    private final SelectionKernel selection = new ScalarSelection();

    @Override
    public RowKernel rows() {
        return rows;
    }

    @Override
    public AttentionKernel attention() {
        return attention;
    }

    @Override
    public SelectionKernel selection() {
        return selection;
    }

    @Override
    public PanelKernel panels(PanelEncoding encoding, ComputeMode mode) {
        return new ScalarPanels(encoding, mode);
    }
}
