package io.yuebing.kernels;

import java.util.Optional;

/** The plain loops: the definition of every result, and the fallback where the machine offers no vectors. */
final class ScalarKernels implements Kernels {
    private final RowKernel rows = new ScalarRows();
    private final AttentionKernel attention = new ScalarAttention();
    private final BlockKernel blocks = new ScalarBlocks();

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
        return new ScalarPanels(encoding);
    }

    @Override
    public Optional<SingleTokenKernel> singleToken(PanelEncoding encoding, ComputeMode mode) {
        return Optional.empty();
    }
}
