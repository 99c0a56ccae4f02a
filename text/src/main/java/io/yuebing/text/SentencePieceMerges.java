package io.yuebing.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The merges of a SentencePiece BPE model, which the tokenizers library wants and such a model's file does not have: a
 * pair of tokens merges if together they are a token, the pair of the best-scored token first.
 *
 * <p>In the order of transformers' {@code SentencePieceExtractor} (convert_slow_tokenizer.py).
 */
final class SentencePieceMerges {
    /** Tokens of this many characters and more are runs of one character or absurd. */
    private static final int MAX_CHARS = 512;

    private record Merge(String left, String right, float score) {
        int leftLength() {
            return left.codePointCount(0, left.length());
        }

        int rightLength() {
            return right.codePointCount(0, right.length());
        }
    }

    private SentencePieceMerges() {}

    /**
     * Finds the merges.
     *
     * @param vocabulary ids by token
     * @param scores of each id
     * @return {@code left right}
     */
    static List<String> of(Map<String, Integer> vocabulary, float[] scores) {
        List<Merge> merges = new ArrayList<>();
        vocabulary.forEach((token, id) -> {
            if (token.length() < MAX_CHARS) {
                merges.addAll(splits(token, scores[id], vocabulary));
            }
        });
        merges.sort(Comparator.comparingDouble(Merge::score)
                .thenComparingInt(Merge::leftLength)
                .thenComparingInt(Merge::rightLength)
                .reversed());
        return merges.stream().map(merge -> merge.left() + " " + merge.right()).toList();
    }

    private static List<Merge> splits(String token, float score, Map<String, Integer> vocabulary) {
        List<Merge> splits = new ArrayList<>();
        for (int at = 1; at < token.length(); at++) {
            if (!Character.isLowSurrogate(token.charAt(at))) {
                String left = token.substring(0, at);
                String right = token.substring(at);
                if (vocabulary.containsKey(left) && vocabulary.containsKey(right)) {
                    splits.add(new Merge(left, right, score));
                }
            }
        }
        splits.sort(Comparator.comparing((Merge merge) -> vocabulary.get(merge.left()))
                .thenComparing(merge -> vocabulary.get(merge.right())));
        return splits;
    }
}
