package io.yuebing.bench.serving;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Writes prompts of about a number of tokens, for a tokenizer that nobody knows.
 *
 * @param seed of the words
 * @param tokensPerWord measured with the server
 */
record PromptText(long seed, double tokensPerWord) {
    private static final List<String> WORDS = List.of(
            "time",
            "year",
            "people",
            "way",
            "day",
            "man",
            "thing",
            "woman",
            "life",
            "child",
            "world",
            "school",
            "state",
            "family",
            "student",
            "group",
            "country",
            "problem",
            "hand",
            "part",
            "place",
            "case",
            "week",
            "company",
            "system",
            "program",
            "question",
            "work",
            "government",
            "number",
            "night",
            "point",
            "home",
            "water",
            "room",
            "mother",
            "area",
            "money",
            "story",
            "fact",
            "month",
            "lot",
            "right",
            "study",
            "book",
            "eye",
            "job",
            "word",
            "business",
            "issue",
            "side",
            "kind",
            "head",
            "house",
            "service",
            "friend",
            "father",
            "power",
            "hour",
            "game",
            "line",
            "end",
            "member",
            "law");

    /** So many words; equal ids give equal words. */
    String words(long id, int count) {
        SplittableRandom random = new SplittableRandom(seed * 1_000_003 + id);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(' ').append(WORDS.get(random.nextInt(WORDS.size())));
        }
        return text.toString();
    }

    /** The prompt of a request. */
    String of(PlannedRequest request) {
        StringBuilder text = new StringBuilder();
        int wordsPerBlock = words(PlannedRequest.BLOCK);
        int left = words(request.promptTokens());
        for (long block : request.blocks()) {
            int count = Math.min(left, wordsPerBlock);
            text.append(words(block, count));
            left -= count;
        }
        return text.toString().strip();
    }

    private int words(int tokens) {
        return Math.max(1, (int) Math.round(tokens / tokensPerWord));
    }
}
