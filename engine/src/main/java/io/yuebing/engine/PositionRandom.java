package io.yuebing.engine;

/**
 * The random number used at a position: a pure function of seed and position, so a sequence continues with the same
 * tokens on any node, after any preemption or failover.
 *
 * <p>A counter-based generator: two rounds of SplitMix64's mixing function (Steele, Lea, Flood: Fast Splittable
 * Pseudorandom Number Generators, OOPSLA 2014), the first over the seed, the second over the position.
 */
final class PositionRandom {
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    private PositionRandom() {}

    /**
     * A number in [0, 1).
     *
     * @param position index in the sequence, prompt included, of the token that is chosen with it
     */
    static double uniform(long seed, int position) {
        return uniform(bits(seed, position));
    }

    /**
     * A further number for the same position.
     *
     * @param attempt how many numbers were used before; 0 gives that of {@link #uniform(long, int)}
     */
    static double uniform(long seed, int position, int attempt) {
        long bits = bits(seed, position);
        return uniform(attempt == 0 ? bits : mix(bits + attempt * GOLDEN_GAMMA));
    }

    private static long bits(long seed, int position) {
        return mix(mix(seed + GOLDEN_GAMMA) + (position + 1L) * GOLDEN_GAMMA);
    }

    private static double uniform(long bits) {
        return (bits >>> 11) * 0x1.0p-53;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
