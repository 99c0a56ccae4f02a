package io.yuebing.kv;

import java.util.Optional;

/**
 * A field in which two KV layouts differ so that they do not fit.
 *
 * @param field in people's words
 * @param first its value in the first layout
 * @param second its value in the second layout
 */
public record KvDifference(String field, String first, String second) {
    /** The difference, if there is one. */
    public static Optional<KvDifference> of(String field, Object first, Object second) {
        return first.equals(second)
                ? Optional.empty()
                : Optional.of(new KvDifference(field, first.toString(), second.toString()));
    }

    /** {@code block size: 16 in A, 32 in B}. */
    public String between(String firstSide, String secondSide) {
        return field + ": " + first + " in " + firstSide + ", " + second + " in " + secondSide;
    }

    /** {@code block size: 16 here, 32 there}. */
    @Override
    public String toString() {
        return field + ": " + first + " here, " + second + " there";
    }
}
