package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A matrix held in panels. */
final class PanelMatrix implements Linear {
    private final PanelShape shape;
    private final MemorySegment panels;
    private final float[] bias;
    private final ComputeMode mode;
    private final int[] inputOrder;
    private final int[] order;
    private final PanelMatrix[] alone = {this};
    private final @Nullable Kernels fixed;
    private volatile Loops loops;

    /** The loops for this matrix. */
    record Loops(Kernels kernels, PanelKernel panels) {
        static Loops of(Kernels kernels, PanelShape shape, ComputeMode mode) {
            return new Loops(kernels, kernels.panels(shape.encoding(), mode));
        }
    }

    /**
     * @param panels packed weights
     * @param bias for each row, those that fill the last panel included
     * @param inputOrder see {@link QuantizedWeights#inputOrder}
     * @param fixed loops to compute with; if null those that are active at each product
     */
    PanelMatrix(
            PanelShape shape,
            MemorySegment panels,
            float[] bias,
            ComputeMode mode,
            int[] inputOrder,
            @Nullable Kernels fixed) {
        this.shape = shape;
        this.panels = panels;
        this.bias = bias;
        this.mode = mode;
        this.inputOrder = inputOrder;
        this.order = packedOrder(shape, inputOrder);
        this.fixed = fixed;
        this.loops = Loops.of(fixed == null ? Kernels.active() : fixed, shape, mode);
        if (fixed == null) {
            KernelWarmup.expect(shape, mode);
        }
    }

    /** The loops for one product; all its parts must use the same. */
    Loops loops() {
        Loops now = loops;
        if (fixed == null && now.kernels() != Kernels.active()) {
            now = Loops.of(Kernels.active(), shape, mode);
            loops = now;
        }
        return now;
    }

    /** For each packed input the index of its activation, -1 for padding; empty if they lie as they came. */
    private static int[] packedOrder(PanelShape shape, int[] inputOrder) {
        if (inputOrder.length == 0 && shape.paddedInputs() == shape.inputs()) {
            return new int[0];
        }
        int[] order = new int[shape.paddedInputs()];
        int at = 0;
        int input = 0;
        for (int group = 0; group < shape.groups(); group++) {
            for (int i = 0; i < shape.paddedGroupInputs(group); i++) {
                if (i >= shape.groupInputs(group)) {
                    order[at++] = -1;
                } else {
                    order[at++] = inputOrder.length == 0 ? input : inputOrder[input];
                    input++;
                }
            }
        }
        return order;
    }

    PanelShape shape() {
        return shape;
    }

    ComputeMode mode() {
        return mode;
    }

    @Override
    public int inputs() {
        return shape.inputs();
    }

    @Override
    public int outputs() {
        return shape.outputs();
    }

    @Override
    public long bytes() {
        return panels.byteSize();
    }

    /** Whether both read the same {@link TokenBatch}. */
    boolean readsLike(PanelMatrix other, int tokens) {
        return mode == other.mode
                && shape.encoding() == other.shape.encoding()
                && shape.groupSize() == other.shape.groupSize()
                && loops().panels().layout(tokens) == other.loops().panels().layout(tokens)
                && Arrays.equals(order, other.order);
    }

    @Override
    public PackedLinear packed() {
        MemorySegment order = MemorySegment.ofArray(inputOrder);
        return new PackedLinear(new PanelForm(shape, mode).text(), List.of(panels, order));
    }

    @Override
    public void apply(float[] x, int tokens, float[] y, WorkerPool pool) {
        if (x.length < (long) tokens * inputs()) {
            throw new IllegalArgumentException("A product of " + outputs() + " x " + inputs() + " with " + tokens
                    + " tokens got " + x.length + " inputs");
        }
        ProductRun.ofThread().run(alone, x, tokens, y, pool);
    }

    @Override
    public void addTo(ActivationRows x, int tokens, float[] y, WorkerPool pool) {
        ProductRun.ofThread().add(alone, x, tokens, y, pool);
    }

    /** Puts a token's activations in the order of the codes. */
    float[] ordered(float[] row, float[] to) {
        if (order.length == 0) {
            return row;
        }
        for (int i = 0; i < order.length; i++) {
            to[i] = order[i] < 0 ? 0 : row[order[i]];
        }
        return to;
    }

    /**
     * Computes the results of some panels.
     *
     * @param first index of the batch's first token in {@code y}
     * @param add whether they are added to {@code y} or overwrite it
     */
    void multiplyPanels(PanelKernel kernel, int from, int to, TokenBatch batch, float[] y, int first, boolean add) {
        kernel.multiply(shape, panels.address(), from, to, batch, bias, y, first, add);
        Reference.reachabilityFence(panels);
    }
}
