package io.yuebing.bench;

import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What this machine can do at most, measured: a share of these says how much better a kernel could still get.
 *
 * @param threads threads that worked at the same time
 * @param readBytesPerSecond reading memory that no cache holds
 * @param macsPerSecond fused multiply-adds of floats in registers; one counts once, not as two operations
 */
public record MachineLimits(int threads, double readBytesPerSecond, double macsPerSecond) {
    /** Several times the last-level cache of today's machines, all threads together. */
    private static final long READ_BYTES = 512L << 20;

    /** The best of so many counts: other processes and the compiler's warm-up only ever take away. */
    private static final int ROUNDS = 12;

    /**
     * Measures both, which takes about a second.
     *
     * @param threads threads to work with, at least 1
     */
    public static MachineLimits measure(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("Limits are measured with at least 1 thread, not " + threads);
        }
        double macs = best(threads, thread -> FmaPeak.run());
        try (ReadSweep sweep = ReadSweep.over(READ_BYTES, threads)) {
            return new MachineLimits(threads, best(threads, sweep::read), macs);
        }
    }

    /** Work per second of all threads together; {@code work} does some and returns how much. */
    private static double best(int threads, IntToLongFunction work) {
        Round[] rounds = new Round[ROUNDS];
        Thread[] workers = new Thread[threads];
        for (int i = 0; i < ROUNDS; i++) {
            rounds[i] = new Round(threads);
        }
        for (int t = 0; t < threads; t++) {
            int thread = t;
            workers[t] = Thread.ofPlatform().name("limits-" + t).daemon().start(() -> {
                for (Round round : rounds) {
                    round.take(work, thread);
                }
            });
        }
        boolean interrupted = false;
        for (Thread worker : workers) {
            while (worker.isAlive()) {
                try {
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        double best = 0;
        for (Round round : rounds) {
            best = Math.max(best, round.perSecond());
        }
        return best;
    }

    /** All threads working once, from the first one's start to the last one's end. */
    private static final class Round {
        private final CyclicBarrier start;
        private long begin = Long.MAX_VALUE;
        private long end = Long.MIN_VALUE;
        private long done;
        private @Nullable Exception failure;

        Round(int threads) {
            start = new CyclicBarrier(threads);
        }

        void take(IntToLongFunction work, int thread) {
            try {
                start.await();
            } catch (InterruptedException | BrokenBarrierException e) {
                synchronized (this) {
                    failure = e;
                }
                return;
            }
            long began = System.nanoTime();
            long amount = work.applyAsLong(thread);
            long ended = System.nanoTime();
            synchronized (this) {
                begin = Math.min(begin, began);
                end = Math.max(end, ended);
                done += amount;
            }
        }

        synchronized double perSecond() {
            if (failure != null) {
                throw new IllegalStateException("Measuring the machine's limits was interrupted", failure);
            }
            return done * 1e9 / (end - begin);
        }
    }
}
