package io.yuebing.model.quantize;

import io.yuebing.kernels.WorkerPool;

/**
 * What GPTQ needs of the inverse of a Hessian: the lower triangular X with {@code H⁻¹ = Xᵀ X}.
 *
 * <p>With {@code H = L Lᵀ}, X is the inverse of L. Since the upper left corner of X belongs to the upper left corner of H,
 * row q of X tells how to make up for the error of column q by the columns before it once those after it are fixed:
 *
 * <pre>
 * H⁻¹[0..q] = X[0..q]ᵀ X[0..q], whose last column is X[q][·] X[q][q]
 * w[j] -= (w[q] - quantised w[q]) / X[q][q] * X[q][j]      for all j < q
 * </pre>
 *
 * So columns are quantised from the last to the first, and one factorisation and one inversion do what the paper has
 * three steps for (Frantar et al., 2023, section 3.3, which takes the Cholesky factor of the inverse).
 *
 * @param rows row q holds columns 0 to q
 */
@SuppressWarnings("ArrayRecordComponent") // large; never compared
record InverseFactor(double[][] rows) {

    /**
     * Factorises and inverts.
     *
     * @param upper the Hessian, element (i, j) at {@code [i][j - i]}; overwritten
     * @param damping added to the diagonal, as a share of its mean, so that inputs that hardly vary do no harm
     * @throws ArithmeticException if the Hessian is not positive definite, in spite of the damping
     */
    static InverseFactor of(double[][] upper, double damping, WorkerPool pool) {
        damp(upper, damping);
        factorise(upper, pool);
        return new InverseFactor(invert(upper, pool));
    }

    private static void damp(double[][] upper, double damping) {
        double sum = 0;
        for (double[] row : upper) {
            sum += row[0];
        }
        if (!Double.isFinite(sum)) {
            throw new ArithmeticException("the sum of squared activations is " + sum);
        }
        double added = sum == 0 ? 1 : damping * sum / upper.length;
        for (double[] row : upper) {
            row[0] += added;
        }
    }

    /** Cholesky: H becomes Lᵀ, whose row k is column k of L. */
    private static void factorise(double[][] upper, WorkerPool pool) {
        int n = upper.length;
        for (int first = 0; first < n; first += TriangularRows.PANEL) {
            int begin = first;
            int end = Math.min(first + TriangularRows.PANEL, n);
            for (int k = begin; k < end; k++) {
                scale(upper[k], k);
                for (int row = k + 1; row < end; row++) {
                    eliminate(upper, row, k);
                }
            }
            TriangularRows.forEach(end, n, pool, row -> {
                for (int k = begin; k < end; k++) {
                    eliminate(upper, row, k);
                }
            });
        }
    }

    private static void scale(double[] row, int number) {
        if (!(row[0] > 0)) {
            throw new ArithmeticException("pivot " + number + " is " + row[0]);
        }
        double factor = 1 / Math.sqrt(row[0]);
        for (int i = 0; i < row.length; i++) {
            row[i] *= factor;
        }
    }

    private static void eliminate(double[][] upper, int row, int k) {
        int at = row - k;
        TriangularRows.subtract(upper[row], 0, upper[k][at], upper[k], at, upper[row].length);
    }

    /** Forward substitution of the identity. */
    private static double[][] invert(double[][] upper, WorkerPool pool) {
        int n = upper.length;
        double[][] inverse = new double[n][];
        for (int row = 0; row < n; row++) {
            inverse[row] = new double[row + 1];
            inverse[row][row] = 1;
        }
        for (int first = 0; first < n; first += TriangularRows.PANEL) {
            int begin = first;
            int end = Math.min(first + TriangularRows.PANEL, n);
            for (int row = begin; row < end; row++) {
                substitute(inverse, upper, row, begin, row);
                double factor = 1 / upper[row][0];
                for (int i = 0; i <= row; i++) {
                    inverse[row][i] *= factor;
                }
            }
            TriangularRows.forEach(end, n, pool, row -> substitute(inverse, upper, row, begin, end));
        }
        return inverse;
    }

    private static void substitute(double[][] inverse, double[][] upper, int row, int begin, int end) {
        for (int k = begin; k < end; k++) {
            TriangularRows.subtract(inverse[row], 0, upper[k][row - k], inverse[k], 0, k + 1);
        }
    }
}
