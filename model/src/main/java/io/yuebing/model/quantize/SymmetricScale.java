package io.yuebing.model.quantize;

/** The scale of a group of weights whose codes are centred on zero. */
final class SymmetricScale {
    /** Scales are tried from the one that holds the largest weight down to this share of it. */
    private static final double LEAST_SHARE = 0.6;

    private static final int STEPS = 16;
    private static final float LEAST_HALF = 0x1p-24f;

    private final int zero;
    private final int most;

    /** @param bits width of a code */
    SymmetricScale(int bits) {
        this.zero = 1 << bits - 1;
        this.most = (1 << bits) - 1;
    }

    /**
     * The scale with the least weighted sum of squared rounding errors: cutting off a large weight may pay.
     *
     * @param squares of the activations that the weights multiply, from {@code from} to before {@code end} as the weights
     * @return a number that half precision holds, more than 0
     * @throws ArithmeticException if half precision holds no scale for such large weights
     */
    float choose(double[] weights, double[] squares, int from, int end) {
        double largest = 0;
        for (int i = from; i < end; i++) {
            largest = Math.max(largest, Math.abs(weights[i]));
        }
        double whole = 2 * largest / most;
        float best = half(whole);
        double least = error(weights, squares, from, end, best);
        for (int step = 1; step <= STEPS && least > 0; step++) {
            float scale = half(whole * (1 - (1 - LEAST_SHARE) * step / STEPS));
            double error = error(weights, squares, from, end, scale);
            if (error < least) {
                least = error;
                best = scale;
            }
        }
        return best;
    }

    /** The nearest code. */
    int code(double weight, float scale) {
        return (int) Math.clamp(Math.rint(weight / scale) + zero, 0, most);
    }

    /** The weight that a code stands for. */
    double weight(int code, float scale) {
        return (double) scale * (code - zero);
    }

    private double error(double[] weights, double[] squares, int from, int end, float scale) {
        double sum = 0;
        for (int i = from; i < end; i++) {
            double error = weights[i] - weight(code(weights[i], scale), scale);
            sum += squares[i] * error * error;
        }
        return sum;
    }

    private static float half(double scale) {
        float rounded = Float.float16ToFloat(Float.floatToFloat16((float) scale));
        if (!Float.isFinite(rounded)) {
            throw new ArithmeticException("half precision has no scale of " + scale + " for weights so large");
        }
        return Math.max(rounded, LEAST_HALF);
    }
}
