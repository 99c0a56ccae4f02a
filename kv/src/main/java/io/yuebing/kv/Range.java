package io.yuebing.kv;

import java.util.Optional;

/** Consecutive indices {@code from .. to - 1} of a whole of which a process may hold a part. */
public record Range(int from, int to) {
    public Range {
        if (from < 0 || to <= from) {
            throw new IllegalArgumentException("empty or negative range " + from + ".." + to);
        }
    }

    public static Range of(int count) {
        return new Range(0, count);
    }

    /** The indices that both have, if any. */
    public Optional<Range> common(Range other) {
        int first = Math.max(from, other.from);
        int end = Math.min(to, other.to);
        return first < end ? Optional.of(new Range(first, end)) : Optional.empty();
    }

    public int size() {
        return to - from;
    }

    @Override
    public String toString() {
        return from + ".." + (to - 1);
    }
}
