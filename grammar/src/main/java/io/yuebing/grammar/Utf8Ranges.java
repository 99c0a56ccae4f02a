package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits a range of characters into sequences of byte ranges, each matching exactly the UTF-8 forms of a part of it.
 *
 * <pre>
 *   U+0080 … U+07FF   →   C2..DF 80..BF
 * </pre>
 */
final class Utf8Ranges {
    private static final int[] LAST_OF_LENGTH = {0x7F, 0x7FF, 0xFFFF, Character.MAX_CODE_POINT};

    private Utf8Ranges() {}

    /** Each element alternates first and last byte: {@code {first0, last0, first1, last1, …}}. */
    static List<int[]> of(CodePoints set) {
        List<int[]> sequences = new ArrayList<>();
        for (CodePoints.Range range : set.ranges()) {
            int first = range.first();
            for (int length = 1; length <= 4; length++) {
                int last = Math.min(range.last(), LAST_OF_LENGTH[length - 1]);
                if (first <= last) {
                    split(first, last, length, sequences);
                    first = last + 1;
                }
            }
        }
        return sequences;
    }

    /** Splits until all bytes after the first that differs run from 80 to BF. */
    private static void split(int first, int last, int length, List<int[]> sequences) {
        for (int tail = 1; tail < length; tail++) {
            int low = (1 << (6 * tail)) - 1;
            if ((first & ~low) != (last & ~low)) {
                if ((first & low) != 0) {
                    split(first, first | low, length, sequences);
                    split((first | low) + 1, last, length, sequences);
                    return;
                }
                if ((last & low) != low) {
                    split(first, (last & ~low) - 1, length, sequences);
                    split(last & ~low, last, length, sequences);
                    return;
                }
            }
        }
        int[] sequence = new int[2 * length];
        for (int i = 0; i < length; i++) {
            sequence[2 * i] = encoded(first, i, length);
            sequence[2 * i + 1] = encoded(last, i, length);
        }
        sequences.add(sequence);
    }

    private static int encoded(int codePoint, int index, int length) {
        int bits = codePoint >> (6 * (length - 1 - index));
        if (index > 0) {
            return 0x80 | bits & 0x3F;
        }
        return length == 1 ? bits : 0xFF00 >> length & 0xFF | bits;
    }
}
