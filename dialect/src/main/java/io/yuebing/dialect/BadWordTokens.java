package io.yuebing.dialect;

import io.yuebing.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Reads {@code bad_words}: each as the tokens it has within a word and, where these differ, at the beginning of one. */
final class BadWordTokens {
    /** vLLM's limit. */
    private static final int MOST = 128;

    private BadWordTokens() {}

    static List<List<Integer>> read(RequestFields fields, Tokenizer tokenizer) {
        JsonNode words = fields.any("bad_words").orElse(null);
        if (words == null) {
            return List.of();
        }
        if (fields.array("bad_words", words).size() > MOST) {
            throw RequestFields.bad("bad_words", "bad_words may hold at most " + MOST + " words, got " + words.size());
        }
        List<List<Integer>> tokens = new ArrayList<>();
        for (JsonNode word : words) {
            if (!word.isString()) {
                throw fields.wrongType("bad_words", "an array of strings", word);
            }
            if (word.stringValue().isBlank()) {
                throw RequestFields.bad("bad_words", "bad_words must not contain an empty string");
            }
            add(word.stringValue().stripLeading(), tokenizer, tokens);
        }
        return tokens;
    }

    /** As vLLM has it: a leading space that only adds a token before the same ones makes no other word. */
    private static void add(String word, Tokenizer tokenizer, List<List<Integer>> tokens) {
        List<Integer> within = ids(tokenizer, word);
        List<Integer> beginning = ids(tokenizer, " " + word);
        if (!within.isEmpty()) {
            tokens.add(within);
        }
        boolean other = within.isEmpty()
                || beginning.size() == within.size() && !beginning.getFirst().equals(within.getFirst());
        if (other && !beginning.isEmpty()) {
            tokens.add(beginning);
        }
    }

    private static List<Integer> ids(Tokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text, false)).boxed().toList();
    }
}
