package io.yuebing.bench.jmh;

/** How many threads benchmarks with a worker pool use: {@code -Dthreads=N}, otherwise as many as the machine has cores. */
public final class Threads {
    public static final int COUNT =
            Integer.getInteger("threads", Runtime.getRuntime().availableProcessors());

    private Threads() {}
}
