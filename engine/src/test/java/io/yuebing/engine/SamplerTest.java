package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenLogprob;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final List<Integer> EOS = List.of(3);

    @Test
    void greedyTakesTheLowestIdAmongTheLargest() {
        float[] logits = {-5, 2, 7, -1, 7, 0};
        assertThat(sample(logits, SamplingParams.greedy(1)).id()).isEqualTo(2);
    }

    @Test
    void logitsMayStartAnywhereInTheBuffer() {
        float[] buffer = {100, 100, 1, 2, 3, 0, 100};
        LogitAdjustments none = adjustments(SamplingParams.greedy(1));
        assertThat(new Sampler(4)
                        .sample(buffer, 2, SamplingParams.greedy(1), none, 5)
                        .id())
                .isEqualTo(2);
    }

    @Test
    void drawnFrequenciesFollowTheFilteredDistribution() {
        float[] logits = logits(new Random(11), 60, 3);
        List<SamplingParams.Builder> cases = List.of(
                SamplingParams.builder(),
                SamplingParams.builder().temperature(0.5),
                SamplingParams.builder().temperature(1.7),
                SamplingParams.builder().topK(5),
                SamplingParams.builder().topP(0.7),
                SamplingParams.builder().minP(0.1),
                SamplingParams.builder().topK(9).topP(0.8).temperature(1.3),
                SamplingParams.builder().topP(0.95).minP(0.05).temperature(0.8),
                SamplingParams.builder().topK(59).topP(0.999).minP(0.001));
        for (SamplingParams.Builder builder : cases) {
            SamplingParams params = builder.seed(77).build();
            double[] expected = naiveDistribution(logits, params);
            int draws = 20_000;
            int[] counts = new int[logits.length];
            Sampler sampler = new Sampler(logits.length);
            LogitAdjustments none = adjustments(params);
            for (int position = 0; position < draws; position++) {
                counts[sampler.sample(logits.clone(), 0, params, none, position).id()]++;
            }
            double chiSquare = 0;
            int cells = 0;
            for (int id = 0; id < counts.length; id++) {
                if (expected[id] == 0) {
                    assertThat(counts[id])
                            .as("id %d is filtered out by %s", id, params)
                            .isZero();
                } else {
                    double mean = expected[id] * draws;
                    chiSquare += (counts[id] - mean) * (counts[id] - mean) / mean;
                    cells++;
                }
            }
            // Mean cells - 1, deviation sqrt(2 (cells - 1)): five deviations above.
            double limit = cells - 1 + 5 * Math.sqrt(2.0 * cells) + 5;
            assertThat(chiSquare)
                    .as("chi-square over %d ids with %s", cells, params)
                    .isLessThan(limit);
        }
    }

    @Test
    void equalSeedsAndPositionsGiveEqualTokensAndOthersDoNot() {
        float[] logits = logits(new Random(5), 1000, 1);
        SamplingParams params = SamplingParams.builder().seed(1).build();
        SamplingParams other = SamplingParams.builder().seed(2).build();
        List<Integer> first = IntStream.range(0, 50)
                .map(p -> sample(logits, params, p))
                .boxed()
                .toList();
        List<Integer> again = IntStream.range(0, 50)
                .map(p -> sample(logits, params, p))
                .boxed()
                .toList();
        List<Integer> seeded = IntStream.range(0, 50)
                .map(p -> sample(logits, other, p))
                .boxed()
                .toList();
        assertThat(again).isEqualTo(first);
        assertThat(seeded).isNotEqualTo(first);
        assertThat(new HashSet<>(first)).as("positions use different numbers").hasSizeGreaterThan(40);
    }

    @Test
    void randomNumbersAreUniformAndKnown() {
        double sum = 0;
        for (int position = 0; position < 10_000; position++) {
            double u = PositionRandom.uniform(42, position);
            assertThat(u).isBetween(0.0, Math.nextDown(1.0));
            sum += u;
        }
        assertThat(sum / 10_000).isBetween(0.49, 0.51);
        // A change of these would change the tokens of every seeded request, and break failover between versions.
        assertThat(PositionRandom.uniform(0, 0)).isEqualTo(0.6524484863740322);
        assertThat(PositionRandom.uniform(42, 17)).isEqualTo(0.44715182605341497);
    }

    @Test
    void largeVocabularyWithTopPMatchesTheNaiveNucleus() {
        long seed = 99;
        Random random = new Random(seed);
        for (int round = 0; round < 30; round++) {
            float[] logits = logits(random, 2000, round % 3 == 0 ? 0.01 : 4);
            SamplingParams params = SamplingParams.builder()
                    .topP(0.05 + 0.94 * random.nextDouble())
                    .topK(random.nextBoolean() ? 0 : 1 + random.nextInt(1999))
                    .temperature(0.3 + random.nextDouble())
                    .seed(round)
                    .build();
            double[] expected = naiveDistribution(logits, params);
            for (int position = 0; position < 20; position++) {
                assertThat(expected[sample(logits, params, position)])
                        .as("seed %d, round %d", seed, round)
                        .isPositive();
            }
        }
    }

    @Test
    void logprobsAreThoseOfTheRawLogits() {
        float[] logits = {1, 3, 2, 3, -1};
        SamplingParams params = SamplingParams.builder()
                .temperature(0)
                .maxTokens(2)
                .logprobs(3)
                .logitBias(Map.of(4, 50f))
                .build();
        SampledToken token = sample(logits, params);
        double norm = Math.log(Math.exp(1) + 2 * Math.exp(3) + Math.exp(2) + Math.exp(-1));
        assertThat(token.id()).isEqualTo(4);
        assertThat(token.rank()).isEqualTo(5);
        assertThat(token.logprob()).isCloseTo((float) (-1 - norm), within(1e-6f));
        assertThat(token.top()).extracting(TokenLogprob::id).containsExactly(1, 3, 2);
        assertThat(token.top()).extracting(TokenLogprob::rank).containsExactly(1, 2, 3);
        assertThat(token.top().getFirst().logprob()).isCloseTo((float) (3 - norm), within(1e-6f));
    }

    @Test
    void logprobsOfNoneReportNothingAndZeroTheTokenOnly() {
        float[] logits = {1, 3};
        SamplingParams.Builder greedy = SamplingParams.builder().temperature(0);
        assertThat(sample(logits, greedy.build())).isEqualTo(SampledToken.bare(1));
        SampledToken described = sample(logits, greedy.logprobs(0).build());
        assertThat(described.rank()).isEqualTo(1);
        assertThat(described.top()).isEmpty();
    }

    @Test
    void endIsMaskedBeforeMinTokens() {
        SamplingParams params = SamplingParams.builder()
                .temperature(0)
                .minTokens(2)
                .stopTokenIds(List.of(1))
                .build();
        float[] logits = {0, 9, 1, 8};
        LogitAdjustments adjustments = adjustments(params);
        Sampler sampler = new Sampler(4);
        assertThat(sampler.sample(logits.clone(), 0, params, adjustments, 0).id())
                .isEqualTo(2);
        adjustments.generated(2);
        assertThat(sampler.sample(logits.clone(), 0, params, adjustments, 1).id())
                .isEqualTo(2);
        adjustments.generated(2);
        assertThat(sampler.sample(logits.clone(), 0, params, adjustments, 2).id())
                .isEqualTo(1);
    }

    @Test
    void biasIsAdded() {
        float[] logits = {1, 2, 3};
        new LogitAdjustments(
                        SamplingParams.builder()
                                .logitBias(Map.of(0, 5f, 2, -100f))
                                .build(),
                        EOS,
                        new int[0],
                        new int[0])
                .apply(logits, 0, logits.length);
        assertThat(logits).containsExactly(6, 2, -97);
    }

    @Test
    void repetitionPenaltyReachesPromptAndOutput() {
        float[] logits = {4, -4, 4, -4, 0};
        new LogitAdjustments(
                        SamplingParams.builder().repetitionPenalty(2).build(), EOS, new int[] {0, 1, 0}, new int[] {3})
                .apply(logits, 0, logits.length);
        assertThat(logits).containsExactly(2, -8, 4, -8, 0);
    }

    @Test
    void presencePenaltyCountsOutputOnce() {
        float[] logits = {4, 4, 4};
        new LogitAdjustments(
                        SamplingParams.builder().presencePenalty(1.5).build(), EOS, new int[] {0}, new int[] {1, 1, 1})
                .apply(logits, 0, logits.length);
        assertThat(logits).containsExactly(4, 2.5f, 4);
    }

    @Test
    void frequencyPenaltyCountsEveryOccurrenceInTheOutput() {
        float[] logits = {4, 4, 4};
        new LogitAdjustments(
                        SamplingParams.builder().frequencyPenalty(0.5).build(), EOS, new int[] {0}, new int[] {1, 1, 1})
                .apply(logits, 0, logits.length);
        assertThat(logits).containsExactly(4, 2.5f, 4);
    }

    @Test
    void penaltiesOfManyIdsEqualNaiveCounting() {
        long seed = 3;
        Random random = new Random(seed);
        int vocab = 5000;
        int[] prompt = random.ints(300, 0, vocab).toArray();
        int[] output = random.ints(3000, 0, vocab).toArray();
        SamplingParams params = SamplingParams.builder()
                .repetitionPenalty(1.3)
                .presencePenalty(0.7)
                .frequencyPenalty(-0.4)
                .build();
        float[] logits = logits(random, vocab, 2);
        float[] expected = logits.clone();
        Set<Integer> seen = new HashSet<>();
        IntStream.concat(Arrays.stream(prompt), Arrays.stream(output)).forEach(seen::add);
        for (int id : seen) {
            long times = Arrays.stream(output).filter(o -> o == id).count();
            expected[id] = expected[id] > 0 ? expected[id] / 1.3f : expected[id] * 1.3f;
            expected[id] -= -0.4f * times;
            expected[id] -= times > 0 ? 0.7f : 0;
        }
        new LogitAdjustments(params, EOS, prompt, output).apply(logits, 0, logits.length);
        assertThat(logits).as("seed %d", seed).containsExactly(expected);
    }

    @Test
    void nanAndInfinityAreErrorsThatNameThePosition() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> sample(new float[] {1, bad, 2}, SamplingParams.greedy(1)))
                    .isInstanceOf(ServiceException.class)
                    .hasMessageStartingWith("The model computed logits that are NaN or infinite for position 9");
        }
    }

    @Test
    void exponentialIsExactToTheLastBits() {
        Random random = new Random(8);
        for (int i = 0; i < 100_000; i++) {
            double x = -random.nextDouble() * (i % 2 == 0 ? 5 : 700);
            double exact = StrictMath.exp(x);
            assertThat(Math.abs(Exponential.exp(x) - exact)).isLessThanOrEqualTo(4 * Math.ulp(exact));
        }
        assertThat(Exponential.exp(0)).isEqualTo(1);
        assertThat(Exponential.exp(-1e9)).isZero();
        assertThat(Exponential.exp(Double.NEGATIVE_INFINITY)).isZero();
    }

    @Test
    void rankingEqualsAFullSort() {
        long seed = 4;
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            int n = 1 + random.nextInt(300);
            float[] logits = new float[n];
            for (int i = 0; i < n; i++) {
                logits[i] = random.nextInt(20) == 0
                        ? (random.nextBoolean() ? -0.0f : Float.NEGATIVE_INFINITY)
                        : random.nextInt(9) - 4;
            }
            int count = random.nextInt(n + 1);
            long[] keys = new long[count];
            Ranking.top(logits, 0, n, count, keys);
            assertThat(Arrays.stream(keys).mapToInt(Ranking::id).boxed().toList())
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(sorted(logits).subList(0, count));
        }
    }

    // ---- naive implementations

    private static List<Integer> sorted(float[] logits) {
        List<Integer> ids =
                new ArrayList<>(IntStream.range(0, logits.length).boxed().toList());
        ids.sort(Comparator.<Integer>comparingDouble(id -> -(double) logits[id] + 0.0)
                .thenComparing(id -> id));
        return ids;
    }

    private static double[] naiveDistribution(float[] logits, SamplingParams params) {
        double[] p = new double[logits.length];
        List<Integer> order = sorted(logits);
        double max = logits[order.getFirst()];
        for (int id : order) {
            p[id] = Math.exp((logits[id] - max) / params.temperature());
            if (p[id] < params.minP()) {
                p[id] = 0;
            }
        }
        if (params.topK() > 0) {
            order.stream().skip(params.topK()).forEach(id -> p[id] = 0);
        }
        normalise(p);
        double before = 0;
        for (int id : order) {
            double own = p[id];
            if (before >= params.topP()) {
                p[id] = 0;
            }
            before += own;
        }
        normalise(p);
        return p;
    }

    private static void normalise(double[] p) {
        double sum = Arrays.stream(p).sum();
        Arrays.setAll(p, i -> p[i] / sum);
    }

    private static float[] logits(Random random, int n, double spread) {
        float[] logits = new float[n];
        for (int i = 0; i < n; i++) {
            logits[i] = (float) (random.nextGaussian() * spread);
        }
        return logits;
    }

    private static LogitAdjustments adjustments(SamplingParams params) {
        return new LogitAdjustments(params, EOS, new int[0], new int[0]);
    }

    private static SampledToken sample(float[] logits, SamplingParams params) {
        return new Sampler(logits.length).sample(logits.clone(), 0, params, adjustments(params), 9);
    }

    private static int sample(float[] logits, SamplingParams params, int position) {
        return new Sampler(logits.length)
                .sample(logits.clone(), 0, params, adjustments(params), position)
                .id();
    }

    private static Offset<Float> within(float value) {
        return Offset.offset(value);
    }
}
