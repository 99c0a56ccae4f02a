package io.yuebing.gateway;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What routing had to do beyond the plan, since the start. */
final class RouterCounters {
    private static final Logger LOG = LoggerFactory.getLogger(RouterCounters.class);

    private final AtomicLongArray fallbacks = new AtomicLongArray(Fallback.values().length);
    private final AtomicLongArray failovers = new AtomicLongArray(FailoverCause.values().length);
    private final LongAdder recomputedTokens = new LongAdder();
    private final LongAdder suspectedRequests = new LongAdder();
    private final DoubleConsumer pauses;

    /** @param pauses told the length in seconds of each pause that a failover made in a stream */
    RouterCounters(DoubleConsumer pauses) {
        this.pauses = pauses;
    }

    void count(Fallback fallback, String requestId) {
        if (fallbacks.getAndIncrement(fallback.ordinal()) == 0) {
            LOG.warn("{}: first fallback of kind {}; further ones are only counted", requestId, fallback);
        }
    }

    void count(FailoverCause cause) {
        failovers.incrementAndGet(cause.ordinal());
    }

    void recomputed(int tokens) {
        recomputedTokens.add(tokens);
    }

    void suspected() {
        suspectedRequests.increment();
    }

    void paused(long nanos) {
        pauses.accept(nanos / 1e9);
    }

    long taken(Fallback fallback) {
        return fallbacks.get(fallback.ordinal());
    }

    long failovers(FailoverCause cause) {
        return failovers.get(cause.ordinal());
    }

    /** Tokens of prompts and outputs whose keys and values had to be computed once more. */
    long recomputedTokens() {
        return recomputedTokens.sum();
    }

    /** Requests that were given up because nodes kept dying under them. */
    long suspectedRequests() {
        return suspectedRequests.sum();
    }
}
