package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.RepetitionDetection;
import io.yuebing.api.SamplingParams;
import io.yuebing.kv.ElementType;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RepetitionDetectionTest {

    @Test
    void findsExactlyThePatternsThatStandThereOftenEnough() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 5000; round++) {
            int[] tokens = random.ints(random.nextInt(20), 0, 2).toArray();
            int from = random.nextInt(tokens.length + 1);
            int min = 1 + random.nextInt(3);
            RepetitionDetection detection =
                    new RepetitionDetection(min, min + random.nextInt(3), 2 + random.nextInt(3));
            assertThat(detection.repeats(tokens, from, tokens.length))
                    .as("seed %d: %s in %s from %d", seed, detection, Arrays.toString(tokens), from)
                    .isEqualTo(naive(detection, Arrays.copyOfRange(tokens, from, tokens.length)));
        }
    }

    private static boolean naive(RepetitionDetection detection, int[] tokens) {
        for (int size = detection.minPatternSize(); size <= detection.maxPatternSize(); size++) {
            if (tokens.length < size * detection.minCount()) {
                continue;
            }
            int[] pattern = Arrays.copyOfRange(tokens, tokens.length - size, tokens.length);
            boolean all = true;
            for (int k = 0; k < detection.minCount(); k++) {
                int end = tokens.length - k * size;
                all &= Arrays.equals(pattern, Arrays.copyOfRange(tokens, end - size, end));
            }
            if (all) {
                return true;
            }
        }
        return false;
    }

    @Test
    void aGenerationThatRepeatsItselfEndsAndSaysSo() {
        SamplingParams params = SamplingParams.builder()
                .temperature(0)
                .maxTokens(50)
                .logitBias(Map.of(17, 100f))
                .repetitionDetection(Optional.of(new RepetitionDetection(1, 2, 3)))
                .build();
        EngineConfig config = new EngineConfig(4, 60, 64, 4, 8, 200, ElementType.F32, true, "0");
        try (Engine engine = Engine.start(new HashingModel(), config)) {
            assertEnds(engine, params, 3);
            assertEnds(engine, params.toBuilder().minTokens(5).build(), 5);
            assertThat(Result.of(engine.generate(
                                    request(params.toBuilder().maxTokens(3).build())))
                            .finished()
                            .reason())
                    .as("max_tokens comes first")
                    .isEqualTo(FinishReason.LENGTH);
            Result ended = Result.of(engine.generate(request(params).continuing(17, 17, 17)));
            assertThat(ended.tokens()).as("after a failover").isEmpty();
            assertThat(ended.finished().reason()).isEqualTo(FinishReason.REPETITION);
        }
    }

    private static void assertEnds(Engine engine, SamplingParams params, int tokens) {
        Result result = Result.of(engine.generate(request(params)));
        assertThat(result.ids()).hasSize(tokens).containsOnly(17);
        assertThat(result.finished())
                .isEqualTo(new GenerateEvent.Finished(FinishReason.REPETITION, OptionalInt.empty()));
    }

    /** The prompt's own repetition does not count. */
    private static GenerateRequest request(SamplingParams params) {
        return GenerateRequest.of("r", new int[] {17, 17, 17}, params);
    }

    @Test
    void hugeSizesAndCountsDoNotOverflow() {
        assertThat(new RepetitionDetection(1, Integer.MAX_VALUE, Integer.MAX_VALUE).repeats(new int[] {1, 1}, 0, 2))
                .isFalse();
    }
}
