package io.yuebing.model.quantize;

import io.yuebing.kernels.WorkerPool;

/**
 * GPTQ of one matrix (Frantar et al., 2023): column after column is rounded, and the columns that are still to come make
 * up for its error as well as the calibration activations let them.
 *
 * <p>Rows do not depend on each other, so threads share them out and the result has the same bits for any number.
 */
final class Gptq {
    /** Columns whose errors are carried to the others together. */
    private static final int BLOCK = 128;

    /** Rows of a task, which go through the inverse together. */
    private static final int STRIPE = 8;

    /** Columns that are brought up to date at a time: their part of the inverse stays in the cache. */
    private static final int TILE = 512;

    private final InverseFactor inverse;
    private final ColumnOrder order;
    private final double[] squares;
    private final SymmetricScale symmetric;
    private final int bits;

    /** Gives rows of weights. */
    @FunctionalInterface
    interface Rows {
        /**
         * Reads some rows; called by any thread.
         *
         * @param to receives {@code count x inputs} weights
         */
        void read(int first, int count, float[] to);
    }

    /**
     * @param inverse of the Hessian in {@code order}
     * @param squares the Hessian's diagonal by position
     */
    Gptq(InverseFactor inverse, ColumnOrder order, double[] squares, int bits) {
        this.inverse = inverse;
        this.order = order;
        this.squares = squares;
        this.symmetric = new SymmetricScale(bits);
        this.bits = bits;
    }

    /**
     * Quantises a matrix with as many inputs as the Hessian has.
     *
     * @throws ArithmeticException if half precision holds no scale for its weights
     */
    GptqMatrix quantize(int outputs, Rows weights, WorkerPool pool) {
        int inputs = order.size();
        byte[] codes = new byte[Math.multiplyExact(outputs, inputs)];
        short[] scales = new short[Math.multiplyExact(order.groupCount(), outputs)];
        pool.run(Math.ceilDiv(outputs, STRIPE), task -> {
            int first = task * STRIPE;
            Stripe stripe = new Stripe(first, Math.min(STRIPE, outputs - first));
            stripe.read(weights);
            stripe.quantize(codes, scales, outputs);
        });
        return new GptqMatrix(outputs, inputs, bits, order.groupCount(), codes, scales, order.groupOfInput());
    }

    /** Some rows on their way. */
    private final class Stripe {
        private final int first;
        private final double[][] weights;
        private final double[][] errors;

        Stripe(int first, int rows) {
            this.first = first;
            this.weights = new double[rows][order.size()];
            this.errors = new double[rows][BLOCK];
        }

        void read(Rows source) {
            int inputs = order.size();
            float[] read = new float[weights.length * inputs];
            source.read(first, weights.length, read);
            for (int row = 0; row < weights.length; row++) {
                for (int position = 0; position < inputs; position++) {
                    weights[row][position] = read[row * inputs + order.inputs()[position]];
                }
            }
        }

        /** Block after block, each within one group. */
        void quantize(byte[] codes, short[] scales, int outputs) {
            float[] scale = new float[weights.length];
            int group = -1;
            int end = order.size();
            while (end > 0) {
                int groupStart = order.groupStart(end - 1);
                int start = Math.max(groupStart, end - BLOCK);
                if (order.groups()[start] != group) {
                    group = order.groups()[start];
                    for (int row = 0; row < weights.length; row++) {
                        scale[row] = symmetric.choose(weights[row], squares, groupStart, end);
                        scales[group * outputs + first + row] = Float.floatToFloat16(scale[row]);
                    }
                }
                for (int row = 0; row < weights.length; row++) {
                    roundBlock(row, start, end, scale[row], codes);
                }
                carry(start, end);
                end = start;
            }
        }

        private void roundBlock(int row, int start, int end, float scale, byte[] codes) {
            double[] w = weights[row];
            for (int position = end - 1; position >= start; position--) {
                double[] x = inverse.rows()[position];
                int code = symmetric.code(w[position], scale);
                codes[(first + row) * order.size() + order.inputs()[position]] = (byte) code;
                double error = (w[position] - symmetric.weight(code, scale)) / x[position];
                errors[row][position - start] = error;
                TriangularRows.subtract(w, start, error, x, start, position - start);
            }
        }

        /** Lets the columns before a block make up for its errors. */
        private void carry(int start, int end) {
            for (int tile = 0; tile < start; tile += TILE) {
                int width = Math.min(TILE, start - tile);
                for (int row = 0; row < weights.length; row++) {
                    for (int position = start; position < end; position++) {
                        double error = errors[row][position - start];
                        TriangularRows.subtract(weights[row], tile, error, inverse.rows()[position], tile, width);
                    }
                }
            }
        }
    }
}
