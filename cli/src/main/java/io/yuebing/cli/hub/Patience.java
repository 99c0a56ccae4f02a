package io.yuebing.cli.hub;

import java.time.Duration;

/**
 * How often and after what waits a failed request is repeated.
 *
 * @param attempts failures in a row after which it is given up
 * @param first wait after the first failure; doubles with each further one
 * @param most longest wait
 * @param stall how long a connection may stay silent before it counts as cut
 */
public record Patience(int attempts, Duration first, Duration most, Duration stall) {
    /** Six failures in a row, waits from half a second to ten, half a minute of silence. */
    public static final Patience DEFAULT =
            new Patience(6, Duration.ofMillis(500), Duration.ofSeconds(10), Duration.ofSeconds(30));

    Duration delay(int failures) {
        Duration doubled = first.multipliedBy(1L << Math.min(failures - 1, 16));
        return doubled.compareTo(most) < 0 ? doubled : most;
    }
}
