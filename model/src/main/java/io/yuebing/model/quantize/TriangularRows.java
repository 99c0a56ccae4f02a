package io.yuebing.model.quantize;

import io.yuebing.kernels.WorkerPool;
import java.util.function.IntConsumer;

/** Steps that the factorisation and the inversion of triangular matrices have in common. */
final class TriangularRows {
    /** Columns that are eliminated together: their rows stay in the cache while the others are brought up to date. */
    static final int PANEL = 16;

    /** Rows of a task: enough for its start not to count. */
    private static final int ROWS_PER_TASK = 8;

    private TriangularRows() {}

    /** {@code to[toAt + i] -= factor * from[fromAt + i]} for {@code n} values. */
    static void subtract(double[] to, int toAt, double factor, double[] from, int fromAt, int n) {
        for (int i = 0; i < n; i++) {
            to[toAt + i] -= factor * from[fromAt + i];
        }
    }

    /** Calls {@code work} for each row from {@code first} to before {@code end}, on all threads. */
    static void forEach(int first, int end, WorkerPool pool, IntConsumer work) {
        pool.run(Math.max(0, Math.ceilDiv(end - first, ROWS_PER_TASK)), task -> {
            int start = first + task * ROWS_PER_TASK;
            for (int row = start; row < Math.min(start + ROWS_PER_TASK, end); row++) {
                work.accept(row);
            }
        });
    }
}
