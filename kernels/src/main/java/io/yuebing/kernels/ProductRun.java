package io.yuebing.kernels;

import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The way of a product from activations to results, for one or more matrices.
 *
 * <pre>
 * for each {@value TokenBatch#MAX_TOKENS} tokens:
 *   read     rows of activations, rounded and laid out    threads share the tokens; one token needs no second thread
 *   multiply panels of all matrices                       threads share the panels
 * </pre>
 *
 * <p>Belongs to the calling thread and is used again and again, so that a product allocates nothing.
 */
final class ProductRun {
    /** Multiply-adds below which waking another thread takes longer than the work. */
    private static final long SMALL_PRODUCT = 1 << 15;

    /** Pieces for each thread, so that one that lost its core for a while delays the others by little. */
    private static final int BANDS_PER_THREAD = 8;

    private static final ThreadLocal<ProductRun> OF_THREAD = ThreadLocal.withInitial(ProductRun::new);
    private static final PanelMatrix[] NONE = {};
    private static final float[][] NO_RESULTS = {};
    private static final float[] NO_VALUES = {};

    private final IntConsumer read = this::readPiece;
    private final IntConsumer multiply = this::multiplyBand;
    private final ActivationRows array = this::readArray;
    private final float[][] single = {NO_VALUES};

    private PanelMatrix[] matrices = NONE;
    private float[][] results = NO_RESULTS;
    private boolean add;

    /** Index of the matrix whose batch each matrix reads, itself or an earlier one. */
    private int[] source = {};

    private TokenBatch[] batches = {};
    private PanelMatrix.Loops[] loops = {};
    private ActivationRows rows = (token, to) -> {};
    private float @Nullable [] x;
    private int first;
    private int tokens;
    private int pieces;
    private int bands;
    private int panels;

    static ProductRun ofThread() {
        return OF_THREAD.get();
    }

    /** One matrix, activations from an array. */
    void run(PanelMatrix[] matrix, float[] from, int count, float[] y, WorkerPool pool) {
        x = from;
        try {
            one(matrix, array, count, y, false, pool);
        } finally {
            x = null;
        }
    }

    /** Any number of matrices with the same inputs, activations from an array. */
    void run(PanelMatrix[] group, float[] from, int count, float[][] ys, WorkerPool pool) {
        x = from;
        try {
            run(group, array, count, ys, false, pool);
        } finally {
            x = null;
        }
    }

    /** One matrix, whose results are added to {@code y}. */
    void add(PanelMatrix[] matrix, ActivationRows from, int count, float[] y, WorkerPool pool) {
        one(matrix, from, count, y, true, pool);
    }

    private void one(PanelMatrix[] matrix, ActivationRows from, int count, float[] y, boolean adding, WorkerPool pool) {
        single[0] = y;
        try {
            run(matrix, from, count, single, adding, pool);
        } finally {
            single[0] = NO_VALUES;
        }
    }

    /** Any number of matrices with the same inputs. */
    void run(PanelMatrix[] group, ActivationRows from, int count, float[][] ys, boolean adding, WorkerPool pool) {
        check(group, count, ys);
        matrices = group;
        results = ys;
        rows = from;
        add = adding;
        try {
            for (int i = 0; i < count; i += TokenBatch.MAX_TOKENS) {
                first = i;
                tokens = Math.min(TokenBatch.MAX_TOKENS, count - i);
                prepare();
                long elements = (long) tokens * group[0].inputs();
                pieces = elements < SMALL_PRODUCT ? 1 : Math.min(tokens, pool.threads() * BANDS_PER_THREAD);
                pool.run(pieces, read);
                bands = elements * outputs() < SMALL_PRODUCT ? 1 : Math.min(panels, pool.threads() * BANDS_PER_THREAD);
                pool.run(bands, multiply);
            }
        } finally { // the caller's arrays may be large
            matrices = NONE;
            results = NO_RESULTS;
            rows = array;
        }
    }

    private static void check(PanelMatrix[] group, int count, float[][] ys) {
        for (int i = 0; i < group.length; i++) {
            if (ys[i].length < (long) count * group[i].outputs()) {
                throw new IllegalArgumentException("A product of " + group[i].outputs() + " x " + group[i].inputs()
                        + " with " + count + " tokens got room for " + ys[i].length + " outputs");
            }
        }
    }

    private int outputs() {
        int outputs = 0;
        for (PanelMatrix matrix : matrices) {
            outputs += matrix.outputs();
        }
        return outputs;
    }

    private void prepare() {
        if (source.length < matrices.length) {
            grow(matrices.length);
        }
        panels = 0;
        for (int i = 0; i < matrices.length; i++) {
            PanelMatrix matrix = matrices[i];
            loops[i] = matrix.loops();
            panels += matrix.shape().panels();
            source[i] = i;
            for (int earlier = 0; earlier < i; earlier++) {
                if (matrix.readsLike(matrices[earlier], tokens)) {
                    source[i] = source[earlier];
                    break;
                }
            }
            if (source[i] == i) {
                batches[i].begin(
                        matrix.shape(), tokens, matrix.mode(), loops[i].panels().layout(tokens));
            }
        }
    }

    private void grow(int size) {
        source = new int[size];
        batches = new TokenBatch[size];
        loops = new PanelMatrix.Loops[size];
        for (int i = 0; i < size; i++) {
            batches[i] = new TokenBatch();
        }
    }

    private void readPiece(int piece) {
        BlockScratch scratch = BlockScratch.ofThread();
        int end = (piece + 1) * tokens / pieces;
        for (int token = piece * tokens / pieces; token < end; token++) {
            for (int i = 0; i < matrices.length; i++) {
                if (source[i] == i) {
                    PanelMatrix matrix = matrices[i];
                    scratch.reserveRows(matrix.shape().paddedInputs());
                    rows.read(first + token, scratch.row);
                    float[] ordered = matrix.ordered(scratch.row, scratch.ordered);
                    batches[i].put(
                            matrix.shape(), token, ordered, loops[i].kernels().rows());
                }
            }
        }
    }

    private void readArray(int token, float[] to) {
        float[] from = x;
        if (from != null) {
            int inputs = matrices[0].inputs();
            System.arraycopy(from, token * inputs, to, 0, inputs);
        }
    }

    private void multiplyBand(int band) {
        int end = (int) ((band + 1L) * panels / bands);
        int panel = (int) ((long) band * panels / bands);
        int firstOfMatrix = 0;
        for (int i = 0; i < matrices.length && panel < end; i++) {
            PanelMatrix matrix = matrices[i];
            int endOfMatrix = firstOfMatrix + matrix.shape().panels();
            int past = Math.min(end, endOfMatrix);
            if (panel < past) {
                TokenBatch batch = batches[source[i]];
                int from = panel - firstOfMatrix;
                matrix.multiplyPanels(loops[i].panels(), from, past - firstOfMatrix, batch, results[i], first, add);
                panel = past;
            }
            firstOfMatrix = endOfMatrix;
        }
    }
}
