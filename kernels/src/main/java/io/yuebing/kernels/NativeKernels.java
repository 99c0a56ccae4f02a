package io.yuebing.kernels;

/** The loops in C, with the bits of {@link ScalarKernels}; the native library must be loaded. */
final class NativeKernels implements Kernels {
    private final RowKernel rows = new NativeRows();
    private final AttentionKernel attention = new NativeAttention();
    private final SelectionKernel selection = new NativeSelection();

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
        return encoding.scaled() && mode == ComputeMode.INT8 ? new NativeInt8Panels() : new NativeFloatPanels();
    }
}
