package io.yuebing.connector;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts the KV blocks that could not be copied as they lie. */
public final class KvConversions {
    private final Map<Reason, Counts> counts = new EnumMap<>(Reason.class);

    /** Why blocks are converted on their way. */
    public enum Reason {
        /** The blocks of both nodes hold different numbers of tokens. */
        BLOCK_SIZE,
        /** The elements of the decode node's cache are wider. */
        ELEMENT_TYPE,
        /** They travel as int8 codes. */
        INT8;

        public String metricName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private record Counts(LongAdder bytes, LongAdder nanos) {}

    public KvConversions() {
        for (Reason reason : Reason.values()) {
            counts.put(reason, new Counts(new LongAdder(), new LongAdder()));
        }
    }

    /** Counts what has been done since {@code beganNanos}. */
    void count(Reason reason, long bytes, long beganNanos) {
        of(reason).bytes().add(bytes);
        of(reason).nanos().add(System.nanoTime() - beganNanos);
    }

    /** Bytes as they travel. */
    public long bytes(Reason reason) {
        return of(reason).bytes().sum();
    }

    /** Time of the threads that converted. */
    public double seconds(Reason reason) {
        return of(reason).nanos().sum() / 1e9;
    }

    private Counts of(Reason reason) {
        Counts found = counts.get(reason);
        if (found == null) {
            throw new IllegalStateException("no counts of " + reason);
        }
        return found;
    }
}
