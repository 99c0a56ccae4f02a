package io.yuebing.engine;

import io.yuebing.api.SamplingParams;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a request changes in the model's logits before a token is chosen: allowed ids, bad words, forbidden ends, biases,
 * penalties, in this order, and at last the end of thoughts that take too long.
 *
 * <p>A function of the prompt and the output so far, so whoever continues a sequence elsewhere gets the same.
 */
final class LogitAdjustments {
    private final SamplingParams params;
    /** End-of-sequence and stop ids, masked before {@code min_tokens}. */
    private final int[] endIds;

    private final int[] biasedIds;
    private final float[] biases;
    private final int[] allowedIds;
    private final float[] allowedLogits;
    private final @Nullable BadWords badWords;
    private final @Nullable ThinkingLimit thinking;
    /** Only kept where a penalty needs them. */
    private final @Nullable TokenCounts counts;

    private int generated;

    /**
     * @param prompt the prompt's tokens
     * @param outputs tokens generated so far
     */
    LogitAdjustments(SamplingParams params, List<Integer> eosTokenIds, int[] prompt, int[] outputs) {
        this.params = params;
        endIds = params.minTokens() == 0
                ? new int[0]
                : IntStream.concat(
                                eosTokenIds.stream().mapToInt(id -> id),
                                params.stopTokenIds().stream().mapToInt(id -> id))
                        .distinct()
                        .toArray();
        biasedIds = new int[params.logitBias().size()];
        biases = new float[biasedIds.length];
        int i = 0;
        for (Map.Entry<Integer, Float> bias : params.logitBias().entrySet()) {
            biasedIds[i] = bias.getKey();
            biases[i++] = bias.getValue();
        }
        allowedIds = params.allowedTokenIds().stream().mapToInt(id -> id).toArray();
        allowedLogits = new float[allowedIds.length];
        badWords = params.badWords().isEmpty() ? null : new BadWords(params.badWords());
        thinking = params.thinkingBudget().map(ThinkingLimit::new).orElse(null);
        boolean penalties =
                params.repetitionPenalty() != 1 || params.presencePenalty() != 0 || params.frequencyPenalty() != 0;
        counts = penalties ? new TokenCounts() : null;
        if (counts != null) {
            for (int id : prompt) {
                counts.prompt(id);
            }
        }
        for (int id : outputs) {
            generated(id);
        }
    }

    /** Takes note of a token that was generated. */
    void generated(int id) {
        generated++;
        if (counts != null) {
            counts.generated(id);
        }
        if (badWords != null) {
            badWords.generated(id);
        }
        if (thinking != null) {
            thinking.generated(id);
        }
    }

    /** Whether {@link #apply} would change nothing. */
    boolean neutral() {
        return biasedIds.length == 0
                && allowedIds.length == 0
                && counts == null
                && badWords == null
                && forced() == ThinkingLimit.FREE
                && (endIds.length == 0 || generated >= params.minTokens());
    }

    /** Changes the {@code vocabSize} logits that start at {@code offset}. */
    void apply(float[] logits, int offset, int vocabSize) {
        int forced = forced();
        if (forced != ThinkingLimit.FREE) {
            Arrays.fill(logits, offset, offset + vocabSize, Float.NEGATIVE_INFINITY);
            logits[offset + forced] = 0;
            return;
        }
        if (allowedIds.length > 0) {
            maskAllButAllowed(logits, offset, vocabSize);
        }
        if (badWords != null) {
            badWords.apply(logits, offset);
        }
        if (generated < params.minTokens()) {
            for (int id : endIds) {
                logits[offset + id] = Float.NEGATIVE_INFINITY;
            }
        }
        for (int i = 0; i < biasedIds.length; i++) {
            logits[offset + biasedIds[i]] += biases[i];
        }
        if (counts != null) {
            penalise(counts, logits, offset);
        }
    }

    private int forced() {
        return thinking == null ? ThinkingLimit.FREE : thinking.forced();
    }

    private void maskAllButAllowed(float[] logits, int offset, int vocabSize) {
        for (int i = 0; i < allowedIds.length; i++) {
            allowedLogits[i] = logits[offset + allowedIds[i]];
        }
        Arrays.fill(logits, offset, offset + vocabSize, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < allowedIds.length; i++) {
            logits[offset + allowedIds[i]] = allowedLogits[i];
        }
    }

    /** Repetition as in CTRL (Keskar et al. 2019), presence and frequency as in the OpenAI API. */
    private void penalise(TokenCounts seen, float[] logits, int offset) {
        float repetition = (float) params.repetitionPenalty();
        float frequency = (float) params.frequencyPenalty();
        float presence = (float) params.presencePenalty();
        for (int i = 0; i < seen.size(); i++) {
            int at = offset + seen.id(i);
            float logit = logits[at];
            logit = logit > 0 ? logit / repetition : logit * repetition;
            int times = seen.timesGenerated(i);
            if (times > 0) {
                logit -= frequency * times;
                logit -= presence;
            }
            logits[at] = logit;
        }
    }
}
