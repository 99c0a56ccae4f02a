package io.yuebing.dialect;

/** Seeds of the choices of one request. */
final class Seeds {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private Seeds() {}

    /**
     * The seed of choice {@code i}: the request's own seed for the first, otherwise SplitMix64's {@code i}-th output from
     * it. So {@code n = 1} and the first of {@code n} choices are the same text, and all of them can be repeated.
     */
    static long ofChoice(long seed, int i) {
        if (i == 0) {
            return seed;
        }
        long z = seed + i * GOLDEN_GAMMA;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
