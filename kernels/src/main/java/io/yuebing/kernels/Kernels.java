package io.yuebing.kernels;

/**
 * One of the sets of inner loops, chosen once by {@link KernelChoice}.
 *
 * <p>All deliver the same bits: every sum is a chain of fused multiply-adds in an order that is written down in the
 * scalar set and does not depend on the width of a vector.
 */
sealed interface Kernels permits ScalarKernels, VectorKernels, NativeKernels {
    /**
     * Partial sums of a reduction: element {@code i} goes to sum {@code i % 16}, then sum {@code i} gets sum
     * {@code i + 8}, {@code i + 4}, {@code i + 2}, {@code i + 1}. As many as the widest vector has lanes.
     */
    int REDUCTION_LANES = 16;

    /** The loops to use now; may change once, when {@link KernelWarmup} ends, and never changes a bit of a result. */
    static Kernels active() {
        return Active.now;
    }

    RowKernel rows();

    AttentionKernel attention();

    SelectionKernel selection();

    PanelKernel panels(PanelEncoding encoding, ComputeMode mode);

    /** Adds up {@link #REDUCTION_LANES} partial sums. */
    static float sum(float[] lanes) {
        for (int half = REDUCTION_LANES / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }

    /** Keeps the choice out of the interface's initialisation, which the implementations trigger. */
    final class Active {
        /** What {@link KernelChoice} chose. */
        static final Kernels CHOSEN = KernelChoice.made().kernels();

        static volatile Kernels now = CHOSEN;

        private Active() {}
    }
}
