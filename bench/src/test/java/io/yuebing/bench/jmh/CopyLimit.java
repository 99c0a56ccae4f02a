package io.yuebing.bench.jmh;

import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** How fast one thread copies memory; measured by the setup of a benchmark, for the shares that {@link Moved} reports. */
@State(Scope.Benchmark)
public class CopyLimit {
    private static final int ROUNDS = 20;
    private static final long ROUND_NANOS = 20_000_000;

    private double bytesPerSecond = Double.NaN;

    /**
     * Measures; the best of several rounds counts, as others can only take away.
     *
     * @param bytes what a call of {@code copy} counts as, in the way of {@link Moved#done}
     */
    public void measure(long bytes, Runnable copy) {
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long copied = 0;
            long began = System.nanoTime();
            long passed;
            do {
                copy.run();
                copied += bytes;
                passed = System.nanoTime() - began;
            } while (passed < ROUND_NANOS);
            best = Math.max(best, copied * 1e9 / passed);
        }
        bytesPerSecond = best;
        System.out.printf("%ncopy with one thread: %.1f GB/s%n", best / 1e9);
    }

    double bytesPerSecond() {
        return bytesPerSecond;
    }
}
