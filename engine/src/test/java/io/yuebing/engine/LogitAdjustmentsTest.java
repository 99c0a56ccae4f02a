package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.ThinkingBudget;
import io.yuebing.api.TokenLogprob;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What keeps ids out of an output or forces them into it. */
class LogitAdjustmentsTest {
    private static final int VOCAB = 12;
    private static final List<Integer> EOS = List.of(11);
    private static final int OPEN = 8;
    private static final int CLOSE = 9;

    private final Random random = new Random(17);
    private final Sampler sampler = new Sampler(VOCAB);

    @Test
    void onlyAllowedIdsAreGenerated() {
        List<Integer> output =
                generate(drawn().allowedTokenIds(List.of(3, 7, 3)).build(), 60);
        assertThat(output).containsOnly(3, 7);
    }

    @Test
    void badWordsAreNotGeneratedAndTheirBeginningsAre() {
        List<List<Integer>> words = List.of(List.of(4), List.of(1, 2), List.of(2, 2, 3), List.of(5, 6, 5, 6));
        SamplingParams params = drawn().badWords(words).build();
        List<Integer> output = generate(params, 4000);
        for (List<Integer> word : words) {
            assertThat(Collections.indexOfSubList(output, word)).as("%s", word).isEqualTo(-1);
        }
        for (List<Integer> beginning : List.of(List.of(2, 2), List.of(5, 6, 5))) {
            assertThat(Collections.indexOfSubList(output, beginning))
                    .as("%s", beginning)
                    .isNotNegative();
        }
    }

    @Test
    void thePromptIsNoBeginningOfABadWord() {
        SamplingParams params = SamplingParams.builder()
                .temperature(0)
                .badWords(List.of(List.of(1, 2)))
                .build();
        LogitAdjustments adjustments = new LogitAdjustments(params, EOS, new int[] {1}, new int[0]);
        float[] logits = {0, 0, 9, 0};
        assertThat(new Sampler(4).sample(logits, 0, params, adjustments, 1).id())
                .isEqualTo(2);
    }

    @Test
    void aRequestThatForbidsEveryTokenIsAnErrorThatNamesThePosition() {
        SamplingParams params =
                drawn().allowedTokenIds(List.of(11)).minTokens(3).build();
        assertThatThrownBy(() -> generate(params, 1))
                .isInstanceOf(ServiceException.class)
                .hasMessage("No token may be generated at position 0: allowed_token_ids, bad_words and min_tokens"
                        + " together forbid all of them; allow more.");
    }

    @Test
    void listedIdsAreDescribedInsteadOfTheLikeliest() {
        float[] logits = {0, 1, 2, 3};
        SamplingParams params = SamplingParams.builder()
                .temperature(0)
                .logprobs(2)
                .logprobTokenIds(List.of(0, 3))
                .build();
        LogitAdjustments none = new LogitAdjustments(params, EOS, new int[0], new int[0]);
        List<TokenLogprob> listed =
                new Sampler(4).sample(logits.clone(), 0, params, none, 0).top();
        SamplingParams all =
                params.toBuilder().logprobs(4).logprobTokenIds(List.of()).build();
        List<TokenLogprob> likeliest =
                new Sampler(4).sample(logits, 0, all, none, 0).top();
        assertThat(listed).containsExactly(likeliest.get(3), likeliest.get(0));
    }

    // ---- thoughts

    @Test
    void thoughtsHaveExactlyTheirBudget() {
        for (int budget = 0; budget < 6; budget++) {
            SamplingParams params = thinking(budget, true, List.of(CLOSE), List.of());
            List<Integer> output = generate(quiet(params), 30);
            assertThat(output.indexOf(CLOSE)).as("budget %d", budget).isEqualTo(budget);
            assertThat(output.lastIndexOf(CLOSE)).as("closed once").isEqualTo(budget);
        }
    }

    @Test
    void theBudgetBeginsWithTheTag() {
        LogitAdjustments adjustments = adjustments(thinking(2, false, List.of(CLOSE), List.of()));
        for (int id : new int[] {1, 2, 3, OPEN, 4}) {
            adjustments.generated(id);
            assertThat(adjustments.neutral()).as("after %d", id).isTrue();
        }
        adjustments.generated(5);
        assertThat(forced(adjustments)).isEqualTo(CLOSE);
        adjustments.generated(CLOSE);
        adjustments.generated(OPEN);
        adjustments.generated(1);
        adjustments.generated(1);
        assertThat(adjustments.neutral()).as("thoughts are limited once").isTrue();
    }

    @Test
    void aClosingTagOfSeveralTokensIsForcedWhole() {
        LogitAdjustments adjustments = adjustments(thinking(2, true, List.of(CLOSE, 3, 4), List.of()));
        List<Integer> output = new ArrayList<>();
        while (output.size() < 5) {
            int next = output.size() < 2 ? 1 : forced(adjustments);
            output.add(next);
            adjustments.generated(next);
        }
        assertThat(output).containsExactly(1, 1, CLOSE, 3, 4);
        assertThat(adjustments.neutral()).isTrue();
    }

    @Test
    void aClosingTagThatTheModelHasBegunIsContinued() {
        LogitAdjustments adjustments = adjustments(thinking(2, true, List.of(CLOSE, 3, 4), List.of()));
        adjustments.generated(1);
        adjustments.generated(CLOSE);
        assertThat(forced(adjustments)).isEqualTo(3);
        adjustments.generated(3);
        assertThat(forced(adjustments)).isEqualTo(4);
        adjustments.generated(4);
        assertThat(adjustments.neutral()).isTrue();
    }

    @Test
    void aToolCallEndsThoughtsAsWell() {
        LogitAdjustments adjustments = adjustments(thinking(2, true, List.of(CLOSE), List.of(List.of(6, 7))));
        adjustments.generated(6);
        adjustments.generated(7);
        adjustments.generated(1);
        assertThat(adjustments.neutral()).isTrue();
    }

    @Test
    void theForcedTagPassesOverEveryOtherRule() {
        SamplingParams params = thinking(0, true, List.of(CLOSE), List.of()).toBuilder()
                .allowedTokenIds(List.of(1))
                .badWords(List.of(List.of(CLOSE)))
                .topK(1)
                .build();
        assertThat(generate(params, 2)).containsExactly(CLOSE, 1);
    }

    // ---- failover

    @Test
    void whoContinuesAnOutputElsewhereAppliesTheSame() {
        long seed = System.nanoTime();
        Random outputs = new Random(seed);
        for (int round = 0; round < 300; round++) {
            SamplingParams params = random(outputs);
            int[] prompt = outputs.ints(outputs.nextInt(5), 0, VOCAB).toArray();
            int[] output = outputs.ints(outputs.nextInt(12), 0, VOCAB).toArray();
            LogitAdjustments grown = new LogitAdjustments(params, EOS, prompt, new int[0]);
            IntStream.of(output).forEach(grown::generated);
            LogitAdjustments restored = new LogitAdjustments(params, EOS, prompt, output);
            float[] expected = logits(outputs);
            float[] actual = expected.clone();
            grown.apply(expected, 0, VOCAB);
            restored.apply(actual, 0, VOCAB);
            assertThat(actual).as("seed %d round %d", seed, round).containsExactly(expected);
        }
    }

    private static SamplingParams random(Random random) {
        List<List<Integer>> words = new ArrayList<>();
        while (words.size() < 4) {
            words.add(random.ints(1 + random.nextInt(3), 0, 4).boxed().toList());
        }
        return SamplingParams.builder()
                .badWords(words)
                .minTokens(random.nextInt(8))
                .frequencyPenalty(0.3)
                .allowedTokenIds(random.nextBoolean() ? List.of() : List.of(1, 2, 3, 11))
                .thinkingBudget(Optional.of(new ThinkingBudget(
                        random.nextInt(4), random.nextBoolean(), List.of(2), List.of(3, 1), List.of(List.of(5)))))
                .build();
    }

    // ---- running

    private static SamplingParams.Builder drawn() {
        return SamplingParams.builder().seed(5);
    }

    private static SamplingParams thinking(
            int tokens, boolean opened, List<Integer> close, List<List<Integer>> others) {
        return drawn().thinkingBudget(Optional.of(new ThinkingBudget(tokens, opened, List.of(OPEN), close, others)))
                .build();
    }

    /** The same for a model that writes no tags of its own accord. */
    private static SamplingParams quiet(SamplingParams params) {
        return params.toBuilder()
                .allowedTokenIds(List.of(0, 1, 2, 3, 4, 5, 6, 7))
                .build();
    }

    private static LogitAdjustments adjustments(SamplingParams params) {
        return new LogitAdjustments(params, EOS, new int[0], new int[0]);
    }

    private int forced(LogitAdjustments adjustments) {
        float[] logits = logits(random);
        adjustments.apply(logits, 0, VOCAB);
        List<Integer> possible = IntStream.range(0, VOCAB)
                .filter(id -> logits[id] > Float.NEGATIVE_INFINITY)
                .boxed()
                .toList();
        assertThat(possible).hasSize(1);
        return possible.getFirst();
    }

    private List<Integer> generate(SamplingParams params, int tokens) {
        LogitAdjustments adjustments = adjustments(params);
        List<Integer> output = new ArrayList<>();
        for (int position = 0; position < tokens; position++) {
            int id = sampler.sample(logits(random), 0, params, adjustments, position)
                    .id();
            adjustments.generated(id);
            output.add(id);
        }
        return output;
    }

    private static float[] logits(Random random) {
        float[] logits = new float[VOCAB];
        for (int id = 0; id < VOCAB; id++) {
            logits[id] = (float) random.nextGaussian();
        }
        return logits;
    }
}
