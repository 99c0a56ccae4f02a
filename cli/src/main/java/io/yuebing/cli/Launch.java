package io.yuebing.cli;

import java.time.Duration;
import java.time.Instant;

/** When this program was started, before there was a JVM. */
final class Launch {
    private static final Duration IMPLAUSIBLE = Duration.ofHours(1);

    private Launch() {}

    /** The moment in terms of {@link System#nanoTime()}; now, if the launcher could not tell. */
    static long nanoTime() {
        long now = System.nanoTime();
        String millis = System.getProperty("yuebing.started", "");
        if (!millis.matches("\\d{13}")) {
            return now;
        }
        Duration ago = Duration.between(Instant.ofEpochMilli(Long.parseLong(millis)), Instant.now());
        return ago.isNegative() || ago.compareTo(IMPLAUSIBLE) > 0 ? now : now - ago.toNanos();
    }
}
