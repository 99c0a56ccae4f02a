package io.yuebing.api;

/**
 * Ends a generation that repeats itself: as soon as its last tokens are one pattern, {@code minCount} times in a row.
 *
 * @param minPatternSize tokens of the shortest pattern looked for, at least 1
 * @param maxPatternSize tokens of the longest pattern looked for
 * @param minCount how often the pattern stands there, at least 2
 */
public record RepetitionDetection(int minPatternSize, int maxPatternSize, int minCount) {

    /** Whether {@code tokens[from .. to)} ends with such a repetition. */
    public boolean repeats(int[] tokens, int from, int to) {
        for (int size = minPatternSize; size <= maxPatternSize && (long) size * minCount <= to - from; size++) {
            if (repeats(tokens, to - size * minCount, to, size)) {
                return true;
            }
        }
        return false;
    }

    /** A range consists of one pattern if every token equals the one that stands a pattern's size before it. */
    private static boolean repeats(int[] tokens, int from, int to, int size) {
        for (int i = to - 1; i >= from + size; i--) {
            if (tokens[i] != tokens[i - size]) {
                return false;
            }
        }
        return true;
    }

    void validate() {
        if (minPatternSize < 1 || minPatternSize > maxPatternSize) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "repetition_detection.min_pattern_size must be in [1, max_pattern_size = " + maxPatternSize
                            + "], got " + minPatternSize,
                    "repetition_detection");
        }
        if (minCount < 2) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "repetition_detection.min_count must be at least 2, got " + minCount,
                    "repetition_detection");
        }
    }
}
