package io.yuebing.bench.serving;

/** How requests are sent. */
public sealed interface Load {
    /**
     * At random moments, independent of the answers (a Poisson process).
     *
     * @param requestsPerSecond mean; infinite = all at once
     */
    record OpenLoop(double requestsPerSecond) implements Load {
        public OpenLoop {
            if (!(requestsPerSecond > 0)) {
                throw new IllegalArgumentException("A rate is greater than 0, not " + requestsPerSecond);
            }
        }
    }

    /**
     * The next one as soon as one is answered.
     *
     * @param clients requests in flight
     */
    record ClosedLoop(int clients) implements Load {
        public ClosedLoop {
            if (clients < 1) {
                throw new IllegalArgumentException("A closed loop has at least 1 client, not " + clients);
            }
        }
    }

    /** At the moments that a trace gives. */
    record Replay() implements Load {}

    /** In a few words. */
    default String describe() {
        return switch (this) {
            case OpenLoop open ->
                Double.isInfinite(open.requestsPerSecond())
                        ? "all at once"
                        : "Poisson, " + open.requestsPerSecond() + " requests/s";
            case ClosedLoop closed -> "closed loop, " + closed.clients() + " at a time";
            case Replay replay -> "replay of a trace";
        };
    }
}
