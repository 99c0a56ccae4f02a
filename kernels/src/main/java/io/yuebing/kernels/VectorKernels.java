package io.yuebing.kernels;

import java.util.Optional;

/** The loops in the Vector API, with the bits of {@link ScalarKernels}. */
final class VectorKernels implements Kernels {
    private final RowKernel rows = new VectorRows();
    private final AttentionKernel attention = new VectorAttention();
    private final BlockKernel blocks = new VectorBlocks();

    @Override
    public RowKernel rows() {
        return rows;
    }

    @Override
    public AttentionKernel attention() {
        return attention;
    }

    @Override
    public BlockKernel blocks() {
        return blocks;
    }

    @Override
    public PanelKernel panels(PanelEncoding encoding) {
        return switch (encoding) {
            case F32 -> new VectorF32Panels();
            case F16 -> new VectorF16Panels();
            case BF16 -> new VectorBf16Panels();
            case NIBBLE -> new VectorNibblePanels();
            case BYTE -> new VectorBytePanels();
        };
    }

    @Override
    public Optional<SingleTokenKernel> singleToken(PanelEncoding encoding, ComputeMode mode) {
        return switch (encoding) {
            case BF16 -> Optional.of(new VectorBf16Token());
            case NIBBLE -> mode == ComputeMode.INT8 ? Optional.of(new VectorInt8NibbleToken()) : Optional.empty();
            case F32, F16, BYTE -> Optional.empty();
        };
    }
}
