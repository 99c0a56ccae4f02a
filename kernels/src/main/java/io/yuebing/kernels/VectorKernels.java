package io.yuebing.kernels;

/** The loops in the Vector API, with the bits of {@link ScalarKernels}. */
final class VectorKernels implements Kernels {
    private final RowKernel rows = new VectorRows();
    private final AttentionKernel attention = new VectorAttention();
    private final SelectionKernel selection = new VectorSelection();

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
        return switch (encoding) {
            case NIBBLE -> mode == ComputeMode.INT8 ? new VectorNibbleInt8Panels() : new VectorNibblePanels();
            case BYTE -> new VectorBytePanels(mode);
            case E4M3 -> new VectorE4m3Panels();
            case F32 -> new VectorF32Panels();
            case F16 -> new VectorF16Panels();
            case BF16 -> new VectorBf16Panels();
        };
    }
}
