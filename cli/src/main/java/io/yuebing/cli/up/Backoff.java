package io.yuebing.cli.up;

import java.time.Duration;

/** How long to wait before a process is started again: longer after each failure in a row, up to a bound. */
public record Backoff(Duration first, Duration most) {
    /** Half a second at first, ten seconds at most. */
    public static final Backoff DEFAULT = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10));

    private static final int MOST_DOUBLINGS = 20;

    /**
     * The wait.
     *
     * @param failures failures in a row, at least 1
     */
    public Duration delay(int failures) {
        Duration doubled = first.multipliedBy(1L << Math.min(failures - 1, MOST_DOUBLINGS));
        return doubled.compareTo(most) < 0 ? doubled : most;
    }
}
