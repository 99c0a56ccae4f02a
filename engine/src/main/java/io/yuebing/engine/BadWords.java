package io.yuebing.engine;

import java.util.List;

/** Keeps token sequences out of an output: the last token of one is forbidden where all before it have been generated. */
final class BadWords {
    private final int[][] words;
    private final TokenTail tail;

    /** @param words sequences of at least one id */
    BadWords(List<List<Integer>> words) {
        this.words = words.stream().map(BadWords::toArray).toArray(int[][]::new);
        int longest = words.stream().mapToInt(List::size).max().orElse(1);
        tail = new TokenTail(longest - 1);
    }

    void generated(int id) {
        tail.add(id);
    }

    /** Masks what would complete a word, in the {@code logits} that start at {@code offset}. */
    void apply(float[] logits, int offset) {
        for (int[] word : words) {
            int before = word.length - 1;
            if (tail.endsWith(word, before)) {
                logits[offset + word[before]] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private static int[] toArray(List<Integer> ids) {
        return ids.stream().mapToInt(id -> id).toArray();
    }
}
