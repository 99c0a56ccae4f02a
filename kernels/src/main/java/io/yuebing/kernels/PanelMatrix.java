package io.yuebing.kernels;

import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A matrix held in panels; the way of a product from activations to results. */
final class PanelMatrix implements Linear {
    /** Multiply-adds below which waking another thread takes longer than the work. */
    private static final long SMALL_PRODUCT = 1 << 15;

    /** Pieces for each thread, so that one that lost its core for a while delays the others by little. */
    private static final int BANDS_PER_THREAD = 4;

    private final PanelShape shape;
    private final MemorySegment panels;
    private final float[] bias;
    private final ComputeMode mode;
    private final int[] order;
    private final boolean followsActive;
    private volatile Loops loops;

    /** The loops for this matrix. */
    private record Loops(
            Kernels kernels, PanelKernel panels, @Nullable SingleTokenKernel singleToken) {
        static Loops of(Kernels kernels, PanelShape shape, ComputeMode mode) {
            return new Loops(
                    kernels,
                    kernels.panels(shape.encoding()),
                    kernels.singleToken(shape.encoding(), mode).orElse(null));
        }
    }

    /**
     * @param panels packed weights
     * @param bias for each row, those that fill the last panel included
     * @param inputOrder see {@link QuantizedWeights#inputOrder}
     */
    PanelMatrix(
            PanelShape shape, MemorySegment panels, float[] bias, ComputeMode mode, int[] inputOrder, Kernels kernels) {
        this.shape = shape;
        this.panels = panels;
        this.bias = bias;
        this.mode = mode;
        this.order = packedOrder(shape, inputOrder);
        this.loops = Loops.of(kernels, shape, mode);
        this.followsActive = kernels == Kernels.active();
        if (followsActive) {
            KernelWarmup.expect(shape.encoding(), mode);
        }
    }

    /** The same for all parts of one product. */
    private Loops loops() {
        Loops now = loops;
        if (followsActive && now.kernels() != Kernels.active()) {
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

    @Override
    public void apply(float[] x, int tokens, float[] y, WorkerPool pool) {
        if (x.length < (long) tokens * inputs() || y.length < (long) tokens * outputs()) {
            throw new IllegalArgumentException("A product of " + outputs() + " x " + inputs() + " with " + tokens
                    + " tokens got " + x.length + " inputs and room for " + y.length + " outputs");
        }
        Loops now = loops();
        TokenBatch batch = TokenBatch.ofThread();
        for (int first = 0; first < tokens; first += TokenBatch.MAX_TOKENS) {
            int n = Math.min(TokenBatch.MAX_TOKENS, tokens - first);
            prepare(now, batch, x, first, n, pool);
            multiply(now, batch, n, y, first, pool);
        }
        batch.release();
    }

    private void prepare(Loops now, TokenBatch batch, float[] x, int firstToken, int tokens, WorkerPool pool) {
        int first = firstToken * inputs();
        if (order.length == 0 && mode == ComputeMode.F32) {
            batch.view(x, first, inputs());
            return;
        }
        batch.allocate(shape, tokens, mode);
        int pieces = bands(pool, tokens, (long) tokens * inputs());
        pool.run(pieces, piece -> {
            int end = (piece + 1) * tokens / pieces;
            for (int token = piece * tokens / pieces; token < end; token++) {
                batch.gather(x, first + token * inputs(), token, order);
                if (mode == ComputeMode.INT8) {
                    batch.quantize(shape, token, now.kernels().rows());
                }
            }
        });
        if (tokens == 1 && mode == ComputeMode.INT8 && now.singleToken() != null) {
            batch.pair(shape);
        }
    }

    private void multiply(Loops now, TokenBatch batch, int tokens, float[] y, int firstToken, WorkerPool pool) {
        int count = shape.panels();
        int bands = bands(pool, count, (long) tokens * inputs() * outputs());
        pool.run(bands, band -> {
            int end = (int) ((band + 1L) * count / bands);
            for (int panel = (int) ((long) band * count / bands); panel < end; panel++) {
                multiplyPanel(now, panel, batch, tokens, y, firstToken);
            }
        });
    }

    private static int bands(WorkerPool pool, int parts, long multiplyAdds) {
        return multiplyAdds < SMALL_PRODUCT ? 1 : Math.min(parts, pool.threads() * BANDS_PER_THREAD);
    }

    private void multiplyPanel(Loops now, int panel, TokenBatch batch, int tokens, float[] y, int firstToken) {
        TokenBatch.Band band = TokenBatch.Band.ofThread();
        int firstRow = panel * ROWS;
        for (int token = 0; token < tokens; token++) {
            System.arraycopy(bias, firstRow, band.sums, token * ROWS, ROWS);
        }
        long at = panel * shape.panelBytes();
        SingleTokenKernel singleToken = now.singleToken();
        if (tokens == 1 && singleToken != null) {
            singleToken.multiply(shape, panels, at, batch, band.sums);
        } else {
            multiplyUnpacked(now, at, batch, tokens, band);
        }
        int rows = Math.min(ROWS, outputs() - firstRow);
        for (int token = 0; token < tokens; token++) {
            System.arraycopy(band.sums, token * ROWS, y, (firstToken + token) * outputs() + firstRow, rows);
        }
    }

    private void multiplyUnpacked(Loops now, long panel, TokenBatch batch, int tokens, TokenBatch.Band band) {
        int perWord = shape.encoding().inputsPerWord();
        long header = panel;
        int block = 0;
        int input = 0;
        for (int group = 0; group < shape.groups(); group++) {
            long words = header + shape.headerBytes();
            int inputs = shape.paddedGroupInputs(group);
            for (int i = 0; i < inputs; i += shape.block()) {
                int n = Math.min(shape.block(), inputs - i);
                now.panels().unpack(panels, header, words + (long) (i / perWord) * ROW_BYTES, n, band.block);
                now.kernels().blocks().multiply(band.block, n, batch, tokens, input, block, band.sums);
                input += n;
                block++;
            }
            header += shape.groupBytes(group);
        }
    }
}
