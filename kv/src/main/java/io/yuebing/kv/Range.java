package io.yuebing.kv;

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

    public int size() {
        return to - from;
    }

    @Override
    public String toString() {
        return from + ".." + (to - 1);
    }
}
