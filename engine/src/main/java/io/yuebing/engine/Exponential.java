package io.yuebing.engine;

/**
 * e to the power of a number that is not positive, with the same bits on every machine.
 *
 * <p>{@link Math#exp} may differ between interpreter, compilers and processors, which would make sampled tokens differ
 * between nodes; {@link StrictMath#exp} does not but takes ten times as long. This one consists of additions and
 * multiplications, which Java defines exactly: x = n ln 2 + r with |r| at most ln 2 / 2, the Taylor series of e^r to the
 * 13th power (remainder below 2^-57), times 2^n.
 */
final class Exponential {
    private static final double LOG2_E = 1.4426950408889634;
    /** ln 2 in two parts; n times the first is exact (fdlibm, e_exp.c). */
    private static final double LN2_HIGH = 6.93147180369123816490e-01;

    private static final double LN2_LOW = 1.90821492927058770002e-10;

    /** Results below e^-708 would be subnormal; they are 0 here. */
    private static final double LEAST = -708;

    private Exponential() {}

    static double exp(double x) {
        if (x < LEAST) {
            return 0;
        }
        double n = Math.rint(x * LOG2_E);
        double r = (x - n * LN2_HIGH) - n * LN2_LOW;
        double sum = 1.0 / 6227020800.0;
        sum = sum * r + 1.0 / 479001600.0;
        sum = sum * r + 1.0 / 39916800.0;
        sum = sum * r + 1.0 / 3628800.0;
        sum = sum * r + 1.0 / 362880.0;
        sum = sum * r + 1.0 / 40320.0;
        sum = sum * r + 1.0 / 5040.0;
        sum = sum * r + 1.0 / 720.0;
        sum = sum * r + 1.0 / 120.0;
        sum = sum * r + 1.0 / 24.0;
        sum = sum * r + 1.0 / 6.0;
        sum = sum * r + 0.5;
        sum = sum * r + 1;
        sum = sum * r + 1;
        return sum * Double.longBitsToDouble(((long) n + 1023) << 52);
    }
}
