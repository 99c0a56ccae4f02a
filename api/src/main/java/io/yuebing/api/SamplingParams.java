package io.yuebing.api;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How tokens are chosen from logits and when generation ends, for one sequence.
 *
 * <p>Values are checked where a dialect reads them; {@link #validate} is that check. Stop strings are not here: they
 * belong to whoever turns ids into text.
 *
 * @param temperature 0 = greedy; otherwise logits are divided by it. Range [0, 2]
 * @param topP nucleus mass kept, (0, 1]
 * @param topK most likely ids kept, 0 = all
 * @param minP ids below {@code minP x p(most likely)} are dropped, [0, 1]
 * @param presencePenalty subtracted once from ids already generated, [-2, 2]
 * @param frequencyPenalty subtracted per occurrence among generated ids, [-2, 2]
 * @param repetitionPenalty divides (or multiplies, if negative) logits of ids in prompt or output, &gt; 0
 * @param seed with the token's position it determines the random number used there
 * @param maxTokens most tokens generated, at least 1 (0 only with prompt log-probabilities: score the prompt)
 * @param minTokens end-of-sequence and stop ids are masked before this many tokens
 * @param stopTokenIds ids that end generation besides the model's end-of-sequence ids
 * @param ignoreEos do not end at the model's end-of-sequence ids
 * @param logitBias added to the logit of an id, [-100, 100]
 * @param logprobs number of most likely alternatives reported per generated token; -1 = report nothing, 0 = the
 *     chosen token only
 * @param promptLogprobs the same for each prompt token after the first; -1 = nothing
 * @param logprobTokenIds ids reported per generated token instead of the most likely ones; empty = those
 * @param allowedTokenIds the only ids that may be generated; empty = all
 * @param badWords token sequences whose last token is forbidden where the output ends with those before it
 * @param repetitionDetection ends a generation that repeats itself
 * @param thinkingBudget limits the tokens before the answer
 */
public record SamplingParams(
        double temperature,
        double topP,
        int topK,
        double minP,
        double presencePenalty,
        double frequencyPenalty,
        double repetitionPenalty,
        long seed,
        int maxTokens,
        int minTokens,
        List<Integer> stopTokenIds,
        boolean ignoreEos,
        Map<Integer, Float> logitBias,
        int logprobs,
        int promptLogprobs,
        List<Integer> logprobTokenIds,
        List<Integer> allowedTokenIds,
        List<List<Integer>> badWords,
        Optional<RepetitionDetection> repetitionDetection,
        Optional<ThinkingBudget> thinkingBudget) {

    public SamplingParams {
        stopTokenIds = List.copyOf(stopTokenIds);
        logitBias = Map.copyOf(logitBias);
        logprobTokenIds = List.copyOf(logprobTokenIds);
        allowedTokenIds = List.copyOf(allowedTokenIds);
        badWords = badWords.stream().map(List::copyOf).toList();
    }

    /** Greedy decoding of at most {@code maxTokens} tokens, everything else neutral. */
    public static SamplingParams greedy(int maxTokens) {
        return builder().temperature(0).maxTokens(maxTokens).build();
    }

    public boolean isGreedy() {
        return temperature < 1e-5;
    }

    public static Builder builder() {
        return new Builder();
    }

    public Builder toBuilder() {
        Builder b = new Builder();
        b.temperature = temperature;
        b.topP = topP;
        b.topK = topK;
        b.minP = minP;
        b.presencePenalty = presencePenalty;
        b.frequencyPenalty = frequencyPenalty;
        b.repetitionPenalty = repetitionPenalty;
        b.seed = seed;
        b.maxTokens = maxTokens;
        b.minTokens = minTokens;
        b.stopTokenIds = stopTokenIds;
        b.ignoreEos = ignoreEos;
        b.logitBias = logitBias;
        b.logprobs = logprobs;
        b.promptLogprobs = promptLogprobs;
        b.logprobTokenIds = logprobTokenIds;
        b.allowedTokenIds = allowedTokenIds;
        b.badWords = badWords;
        b.repetitionDetection = repetitionDetection;
        b.thinkingBudget = thinkingBudget;
        return b;
    }

    /**
     * Checks every field against its range.
     *
     * @throws ServiceException {@link ErrorCode#INVALID_REQUEST} naming the field, its range and the value found
     */
    public SamplingParams validate() {
        range("temperature", temperature, temperature >= 0 && temperature <= 2, "in [0, 2]");
        range("top_p", topP, topP > 0 && topP <= 1, "in (0, 1]");
        range("top_k", topK, topK >= 0, "-1 or 0 (off) or at least 1");
        range("min_p", minP, minP >= 0 && minP <= 1, "in [0, 1]");
        range("presence_penalty", presencePenalty, presencePenalty >= -2 && presencePenalty <= 2, "in [-2, 2]");
        range("frequency_penalty", frequencyPenalty, frequencyPenalty >= -2 && frequencyPenalty <= 2, "in [-2, 2]");
        range(
                "repetition_penalty",
                repetitionPenalty,
                repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
                "greater than 0");
        int leastMaxTokens = promptLogprobs >= 0 ? 0 : 1;
        range("max_tokens", maxTokens, maxTokens >= leastMaxTokens, "at least " + leastMaxTokens);
        range(
                "min_tokens",
                minTokens,
                minTokens >= 0 && minTokens <= maxTokens,
                "in [0, max_tokens = " + maxTokens + "]");
        for (Map.Entry<Integer, Float> bias : logitBias.entrySet()) {
            float value = bias.getValue();
            range("logit_bias", value, value >= -100 && value <= 100, "in [-100, 100]");
        }
        validateBadWords();
        repetitionDetection.ifPresent(RepetitionDetection::validate);
        thinkingBudget.ifPresent(ThinkingBudget::validate);
        return this;
    }

    private void validateBadWords() {
        if (badWords.stream().anyMatch(List::isEmpty)) {
            throw new ServiceException(ErrorCode.INVALID_REQUEST, "bad_words holds a word without tokens", "bad_words");
        }
        boolean nothingLeft =
                !allowedTokenIds.isEmpty() && allowedTokenIds.stream().allMatch(id -> badWords.contains(List.of(id)));
        if (nothingLeft) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST, "bad_words forbids every token of allowed_token_ids", "bad_words");
        }
    }

    private static void range(String field, double value, boolean ok, String accepted) {
        if (!ok) {
            String shown = value == Math.rint(value) && Math.abs(value) < 1e15
                    ? Long.toString((long) value)
                    : Double.toString(value);
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST, field + " must be " + accepted + ", got " + shown, field);
        }
    }

    /** Collects values; the defaults are the neutral ones of the OpenAI API with {@code max_tokens} 16. */
    public static final class Builder {
        private double temperature = 1;
        private double topP = 1;
        private int topK = 0;
        private double minP = 0;
        private double presencePenalty = 0;
        private double frequencyPenalty = 0;
        private double repetitionPenalty = 1;
        private long seed = 0;
        private int maxTokens = 16;
        private int minTokens = 0;
        private List<Integer> stopTokenIds = List.of();
        private boolean ignoreEos = false;
        private Map<Integer, Float> logitBias = Map.of();
        private int logprobs = -1;
        private int promptLogprobs = -1;
        private List<Integer> logprobTokenIds = List.of();
        private List<Integer> allowedTokenIds = List.of();
        private List<List<Integer>> badWords = List.of();
        private Optional<RepetitionDetection> repetitionDetection = Optional.empty();
        private Optional<ThinkingBudget> thinkingBudget = Optional.empty();

        private Builder() {}

        public Builder temperature(double value) {
            temperature = value;
            return this;
        }

        public Builder topP(double value) {
            topP = value;
            return this;
        }

        public Builder topK(int value) {
            topK = value;
            return this;
        }

        public Builder minP(double value) {
            minP = value;
            return this;
        }

        public Builder presencePenalty(double value) {
            presencePenalty = value;
            return this;
        }

        public Builder frequencyPenalty(double value) {
            frequencyPenalty = value;
            return this;
        }

        public Builder repetitionPenalty(double value) {
            repetitionPenalty = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        public Builder maxTokens(int value) {
            maxTokens = value;
            return this;
        }

        public Builder minTokens(int value) {
            minTokens = value;
            return this;
        }

        public Builder stopTokenIds(List<Integer> value) {
            stopTokenIds = value;
            return this;
        }

        public Builder ignoreEos(boolean value) {
            ignoreEos = value;
            return this;
        }

        public Builder logitBias(Map<Integer, Float> value) {
            logitBias = value;
            return this;
        }

        public Builder logprobs(int value) {
            logprobs = value;
            return this;
        }

        public Builder promptLogprobs(int value) {
            promptLogprobs = value;
            return this;
        }

        public Builder logprobTokenIds(List<Integer> value) {
            logprobTokenIds = value;
            return this;
        }

        public Builder allowedTokenIds(List<Integer> value) {
            allowedTokenIds = value;
            return this;
        }

        public Builder badWords(List<List<Integer>> value) {
            badWords = value;
            return this;
        }

        public Builder repetitionDetection(Optional<RepetitionDetection> value) {
            repetitionDetection = value;
            return this;
        }

        public Builder thinkingBudget(Optional<ThinkingBudget> value) {
            thinkingBudget = value;
            return this;
        }

        public SamplingParams build() {
            return new SamplingParams(
                    temperature,
                    topP,
                    topK,
                    minP,
                    presencePenalty,
                    frequencyPenalty,
                    repetitionPenalty,
                    seed,
                    maxTokens,
                    minTokens,
                    stopTokenIds,
                    ignoreEos,
                    logitBias,
                    logprobs,
                    promptLogprobs,
                    logprobTokenIds,
                    allowedTokenIds,
                    badWords,
                    repetitionDetection,
                    thinkingBudget);
        }
    }
}
