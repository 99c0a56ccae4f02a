package io.yuebing.model.quantize;

import io.yuebing.kernels.ActivationRows;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.RowBands;
import io.yuebing.kernels.WorkerPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * How much the error of a matrix's output grows with errors of its weights: {@code H = Σ x xᵀ} over the activations
 * {@code x} that it was multiplied with.
 *
 * <p>An error {@code e} of an output's weights adds {@code eᵀ H e} to the sum of its squared errors (Frantar and Alistarh,
 * 2022).
 */
final class Hessian {
    /** Activations that are added together. */
    private static final int BATCH = 256;

    /** Rows of H that are computed at a time. */
    private static final int BAND = 256;

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int inputs;
    private final WorkerPool pool;

    /** The upper triangle: {@code upper[i][j - i]} is the element at row i, column j. */
    private double[][] upper;

    /** Activations that are not added yet, {@code [BATCH][inputs]}. */
    private float[] pending;

    private int waiting;
    private long seen;

    /** @param inputs of the matrix */
    Hessian(int inputs, WorkerPool pool) {
        this.inputs = inputs;
        this.pool = pool;
        this.pending = new float[Math.multiplyExact(BATCH, inputs)];
        this.upper = new double[inputs][];
        for (int row = 0; row < inputs; row++) {
            upper[row] = new double[inputs - row];
        }
    }

    int inputs() {
        return inputs;
    }

    /** Number of activations added. */
    long seen() {
        return seen;
    }

    /** Adds the activations of some tokens; called outside of the pool's runs. */
    void add(ActivationRows x, int tokens) {
        float[] row = new float[inputs];
        for (int token = 0; token < tokens; token++) {
            x.read(token, row);
            System.arraycopy(row, 0, pending, waiting * inputs, inputs);
            waiting++;
            if (waiting == BATCH) {
                flush();
            }
        }
        seen += tokens;
    }

    /**
     * The upper triangle with all that was added; the caller's from then on, and nothing more can be added.
     *
     * @return element (i, j) at {@code [i][j - i]}
     */
    double[][] take() {
        flush();
        double[][] taken = upper;
        upper = new double[0][];
        pending = new float[0];
        return taken;
    }

    /** Multiplies the transposed activations with themselves, by the kernels that models run on. */
    private void flush() {
        if (waiting == 0) {
            return;
        }
        int tokens = waiting;
        waiting = 0;
        float[] transposed = new float[inputs * tokens];
        for (int token = 0; token < tokens; token++) {
            for (int i = 0; i < inputs; i++) {
                transposed[i * tokens + token] = pending[token * inputs + i];
            }
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment rows = arena.allocate((long) transposed.length * Float.BYTES, Float.BYTES);
            MemorySegment.copy(transposed, 0, rows, FLOAT, 0, transposed.length);
            Linear products = Linears.f32(inputs, tokens, RowBands.of(rows, inputs), new float[0], arena);
            int most = Math.min(BAND, inputs);
            float[] left = new float[most * tokens];
            float[] sums = new float[Math.multiplyExact(most, inputs)];
            for (int first = 0; first < inputs; first += most) {
                int count = Math.min(most, inputs - first);
                System.arraycopy(transposed, first * tokens, left, 0, count * tokens);
                products.apply(left, count, sums, pool);
                addBand(first, count, sums);
            }
        }
    }

    private void addBand(int first, int count, float[] sums) {
        pool.run(count, i -> {
            int row = first + i;
            double[] to = upper[row];
            int from = i * inputs + row;
            for (int j = 0; j < to.length; j++) {
                to[j] += sums[from + j];
            }
        });
    }
}
