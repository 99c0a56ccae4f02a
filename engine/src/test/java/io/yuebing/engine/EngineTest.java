package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.RepetitionDetection;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.ThinkingBudget;
import io.yuebing.api.TokenStream;
import io.yuebing.kv.ElementType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EngineTest {
    private final List<Engine> engines = new ArrayList<>();

    @AfterEach
    void stop() {
        engines.forEach(Engine::close);
    }

    private Engine engine(int blocks, int budget, int sequences) {
        return engine(
                new HashingModel(), new EngineConfig(4, blocks, budget, sequences, 8, 200, ElementType.F32, true, "0"));
    }

    private Engine engine(HashingModel model, EngineConfig config) {
        Engine engine = Engine.start(model, config);
        engines.add(engine);
        return engine;
    }

    // ---- tokens

    @Test
    void tokensAndLogprobsDoNotDependOnBatchChunksOrCache() throws InterruptedException {
        List<GenerateRequest> requests =
                IntStream.range(0, 32).mapToObj(EngineTest::varied).toList();
        List<Result> alone = new ArrayList<>();
        Engine reference =
                engine(new HashingModel(), new EngineConfig(4, 60, 200, 1, 8, 200, ElementType.F32, false, "0"));
        for (GenerateRequest request : requests) {
            alone.add(Result.of(reference.generate(request)));
        }
        for (int budget : new int[] {1, 7, 64, 4000}) {
            for (int blocks : new int[] {50, 800}) {
                EngineConfig config = new EngineConfig(4, blocks, budget, 32, 100, 200, ElementType.F32, true, "0");
                Engine engine = engine(new HashingModel(), config);
                for (String round : List.of("cold", "with a cached prefix")) {
                    List<TokenStream> streams = new ArrayList<>();
                    requests.forEach(request -> streams.add(engine.generate(request)));
                    for (int i = 0; i < requests.size(); i++) {
                        Result result = Result.of(streams.get(i));
                        assertThat(result.tokens())
                                .as("request %d, %s, budget %d, %d blocks", i, round, budget, blocks)
                                .isEqualTo(alone.get(i).tokens());
                        assertThat(result.finished()).isEqualTo(alone.get(i).finished());
                        assertThat(result.prompt().promptLogprobs())
                                .isEqualTo(alone.get(i).prompt().promptLogprobs());
                    }
                }
                assertThat(engine.stats().prefixCacheHitTokens()).isPositive();
                if (blocks == 50 && budget > 7) {
                    assertThat(engine.stats().preemptions())
                            .as("%d blocks", blocks)
                            .isPositive();
                }
                engine.close();
            }
        }
    }

    @Test
    void continuingElsewhereGivesTheSameTokens() {
        Engine engine = engine(60, 64, 4);
        for (int i = 0; i < 32; i++) {
            GenerateRequest request = varied(i);
            Result whole = Result.of(engine.generate(request));
            int split = whole.ids().size() / 2;
            int[] given = whole.ids().stream().mapToInt(id -> id).limit(split).toArray();
            Result rest = Result.of(engine(60, 64, 4).generate(request.continuing(given)));
            assertThat(rest.tokens())
                    .as("request %d", i)
                    .isEqualTo(whole.tokens().subList(split, whole.tokens().size()));
            assertThat(rest.finished()).isEqualTo(whole.finished());
        }
    }

    @Test
    void aContinuationWhoseEndIsGivenEndsAtOnce() {
        Engine engine = engine(60, 64, 4);
        GenerateRequest request = request(SamplingParams.greedy(3), 5, 6);
        Result full = Result.of(engine.generate(request.continuing(7, 8, 9)));
        assertThat(full.tokens()).isEmpty();
        assertThat(full.finished().reason()).isEqualTo(FinishReason.LENGTH);
        Result ended = Result.of(engine.generate(request.continuing(7, HashingModel.EOS)));
        assertThat(ended.finished()).isEqualTo(finished(FinishReason.STOP));
        assertThat(engine.stats().steps()).isZero();
    }

    // ---- ends

    @Test
    void maxTokensEndWithLength() {
        Result result = Result.of(engine(60, 64, 4).generate(request(unending(5), 1, 2, 3)));
        assertThat(result.tokens()).hasSize(5);
        assertThat(result.finished()).isEqualTo(finished(FinishReason.LENGTH));
    }

    @Test
    void theContextCapsMaxTokens() {
        Result result = Result.of(engine(60, 64, 4).generate(request(unending(1000), new int[190])));
        assertThat(result.tokens()).hasSize(10);
        assertThat(result.finished()).isEqualTo(finished(FinishReason.LENGTH));
    }

    @Test
    void endOfSequenceStopsUnlessIgnored() {
        SamplingParams.Builder toEnd =
                greedy().logitBias(Map.of(HashingModel.EOS, 100f)).maxTokens(4);
        Engine engine = engine(60, 64, 4);
        Result ended = Result.of(engine.generate(request(toEnd.build(), 1)));
        assertThat(ended.ids()).containsExactly(HashingModel.EOS);
        assertThat(ended.finished()).isEqualTo(finished(FinishReason.STOP));
        Result late = Result.of(engine.generate(request(toEnd.minTokens(2).build(), 1)));
        assertThat(late.ids()).hasSize(3).endsWith(HashingModel.EOS);
        Result ignored = Result.of(
                engine.generate(request(toEnd.minTokens(0).ignoreEos(true).build(), 1)));
        assertThat(ignored.ids()).hasSize(4);
        assertThat(ignored.finished()).isEqualTo(finished(FinishReason.LENGTH));
    }

    @Test
    void stopIdsStopAndAreNamed() {
        SamplingParams params =
                greedy().logitBias(Map.of(17, 100f)).stopTokenIds(List.of(17)).build();
        Result result = Result.of(engine(60, 64, 4).generate(request(params, 1)));
        assertThat(result.ids()).containsExactly(17);
        assertThat(result.finished()).isEqualTo(new GenerateEvent.Finished(FinishReason.STOP, OptionalInt.of(17)));
    }

    @Test
    void scoringAPromptGeneratesNothing() {
        SamplingParams score = greedy().maxTokens(0).promptLogprobs(2).build();
        Result result = Result.of(engine(60, 3, 4).generate(request(score, 1, 2, 3, 4, 5)));
        assertThat(result.tokens()).isEmpty();
        assertThat(result.finished()).isEqualTo(finished(FinishReason.LENGTH));
        assertThat(result.prompt().promptLogprobs()).hasSize(4).allSatisfy(token -> {
            assertThat(token.top()).hasSize(2);
            assertThat(token.logprob()).isNegative();
        });
        assertThat(result.prompt().promptLogprobs().stream().map(t -> t.id())).containsExactly(2, 3, 4, 5);
    }

    @Test
    void cachedTokensAreReported() {
        Engine engine = engine(60, 64, 4);
        assertThat(Result.of(engine.generate(request(unending(2), new int[18])))
                        .prompt()
                        .cachedTokens())
                .isZero();
        assertThat(Result.of(engine.generate(request(unending(2), new int[18])))
                        .prompt()
                        .cachedTokens())
                .isEqualTo(16);
    }

    // ---- refusals

    @Test
    void requestsThatCanNeverRunAreRefusedWithNumbers() {
        Engine engine = engine(20, 64, 4);
        refused(
                () -> engine.generate(request(unending(1), new int[201])),
                "prompt",
                "This model's maximum context length is 200 tokens. However, you requested 201 tokens in the prompt"
                        + " and at least 1 token of output. Please reduce the length of the prompt.");
        refused(
                () -> engine.generate(request(unending(100), new int[20])),
                "max_tokens",
                "This request needs up to 30 KV blocks (20 tokens in the prompt, 119 in all), but this engine has 20"
                        + " blocks of 4 tokens. Reduce the prompt or max_tokens, or give the engine a larger KV cache.");
        refused(
                () -> engine.generate(request(unending(1), 1, 101)),
                "prompt",
                "prompt contains token id 101, which is not in the model's vocabulary [0, 100]");
        refused(
                () -> engine.generate(request(greedy().stopTokenIds(List.of(-1)).build(), 1)),
                "stop_token_ids",
                "stop_token_ids contains token id -1, which is not in the model's vocabulary [0, 100]");
        refused(
                () -> engine.generate(
                        request(greedy().logitBias(Map.of(500, 1f)).build(), 1)),
                "logit_bias",
                "logit_bias contains token id 500, which is not in the model's vocabulary [0, 100]");
        refused(
                () -> engine.reserve(81, Duration.ZERO),
                "prompt",
                "A reservation of 81 tokens needs 21 KV blocks; this engine has 20 blocks of 4 tokens.");
        assertThat(Result.of(engine.generate(request(unending(61), new int[20])))
                        .tokens())
                .hasSize(61);
    }

    @Test
    void moreThanTheQueueHoldsIsRefusedAtOnce() throws InterruptedException {
        CountDownLatch go = new CountDownLatch(1);
        HashingModel model = new HashingModel().beforeStep(batch -> awaitQuietly(go));
        Engine engine = engine(model, new EngineConfig(4, 60, 64, 2, 3, 200, ElementType.F32, true, "0"));
        List<TokenStream> streams = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            streams.add(engine.generate(request(unending(3), i)));
        }
        assertThatThrownBy(() -> engine.generate(request(unending(3), 9)))
                .asInstanceOf(type(ServiceException.class))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OVERLOADED))
                .extracting(Throwable::getMessage)
                .isEqualTo("The engine is full: 5 sequences are in progress, of which 2 can run and 3 can wait."
                        + " Try again later.");
        go.countDown();
        for (TokenStream stream : streams) {
            assertThat(Result.of(stream).tokens()).hasSize(3);
        }
        assertThat(Result.of(engine.generate(request(unending(3), 9))).tokens()).hasSize(3);
    }

    @Test
    void reservationsWaitOnlyAsLongAsAsked() throws InterruptedException {
        Engine engine = engine(10, 64, 4);
        BlockReservation first = engine.reserve(30, Duration.ofSeconds(10));
        assertThatThrownBy(() -> engine.reserve(12, Duration.ofMillis(5)))
                .asInstanceOf(type(ServiceException.class))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OVERLOADED))
                .extracting(Throwable::getMessage)
                .isEqualTo("No room for a reservation of 12 tokens (3 KV blocks): none came free within 5 ms."
                        + " 2 of 10 blocks are unused, 0 of at most 4 sequences run. Try again later.");
        first.close();
        first.close();
        try (BlockReservation second = engine.reserve(40, Duration.ofSeconds(10))) {
            assertThat(second.blockIds()).hasSize(10);
        }
        Idle.await(engine);
    }

    @Test
    void aReservationThatHasEndedCannotBeResumed() throws InterruptedException {
        Engine engine = engine(10, 64, 4);
        BlockReservation reservation = engine.reserve(3, Duration.ofSeconds(10));
        GenerateRequest request = request(unending(5), 1, 2, 3);
        refused(
                () -> engine.resume(request, reservation),
                "kv_transfer_params",
                "The reservation holds 3 tokens, but the request has 3 prompt tokens and 0 output tokens; expected all"
                        + " of the prompt and not the last token of all.");
        reservation.close();
        refused(
                () -> engine.resume(request.continuing(4), reservation),
                "kv_transfer_params",
                "The reservation of 3 tokens has ended: it was released or its deadline has passed.");
        Idle.await(engine);
    }

    // ---- failures

    @Test
    void logitsThatAreNoNumbersFailTheirSequenceOnly() {
        Engine engine = engine(60, 64, 4);
        TokenStream bad = engine.generate(request(unending(3), 1, HashingModel.NAN));
        TokenStream good = engine.generate(request(unending(3), 1, 2));
        assertThatThrownBy(() -> Result.of(bad))
                .isInstanceOf(ServiceException.class)
                .hasMessageStartingWith("The model computed logits that are NaN or infinite for position 2");
        assertThat(Result.of(good).tokens()).hasSize(3);
        Idle.await(engine);
    }

    @Test
    void aFailedStepFailsItsSequencesAndTheEngineGoesOn() {
        Engine engine = engine(60, 64, 4);
        for (int i = 0; i < 5; i++) {
            TokenStream bad = engine.generate(request(unending(3), HashingModel.POISON));
            assertThatThrownBy(() -> Result.of(bad))
                    .isInstanceOf(ServiceException.class)
                    .hasMessage("The model failed in a step of 1 sequences: java.lang.IllegalStateException: poisoned");
            assertThat(Result.of(engine.generate(request(unending(3), 1))).tokens())
                    .hasSize(3);
        }
        Idle.await(engine);
        assertThat(engine.stats().failedSteps()).isEqualTo(5);
        assertThat(engine.running()).isTrue();
    }

    @Test
    void anEngineThatFailsStepAfterStepStops() {
        Engine engine = engine(60, 64, 1);
        List<TokenStream> streams = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            streams.add(engine.generate(request(unending(3), HashingModel.POISON)));
        }
        streams.forEach(stream -> assertThatThrownBy(() -> Result.of(stream)).isInstanceOf(ServiceException.class));
        assertThatThrownBy(() -> {
                    while (true) {
                        Result.of(engine.generate(request(unending(1), HashingModel.POISON)));
                    }
                })
                .isInstanceOf(ServiceException.class);
        Idle.until(() -> !engine.running());
        assertThatThrownBy(() -> engine.generate(request(unending(1), 1)))
                .isInstanceOf(ServiceException.class)
                .hasMessage("The engine has stopped; restart the node.");
        assertThatThrownBy(() -> engine.reserve(1, Duration.ofSeconds(5)))
                .hasMessage("The engine has stopped; restart the node.");
    }

    // ---- cancelling and closing

    @Test
    void closingAStreamFreesItsBlocksWithinAStep() throws InterruptedException {
        Engine engine = engine(60, 64, 4);
        TokenStream stream = engine.generate(request(unending(180), 1, 2, 3));
        stream.next();
        stream.next();
        stream.close();
        stream.close();
        Idle.await(engine);
    }

    @Test
    void closingTheEngineEndsEverything() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        HashingModel model = new HashingModel().beforeStep(batch -> started.countDown());
        Engine engine = engine(model, new EngineConfig(4, 60, 64, 1, 8, 200, ElementType.F32, true, "0"));
        TokenStream running = engine.generate(request(unending(180), 1, 2, 3));
        TokenStream waiting = engine.generate(request(unending(180), 1, 2, 3));
        assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
        engine.close();
        assertThat(Result.endOf(running)).isIn(FinishReason.ABORT, FinishReason.LENGTH);
        assertThat(Result.endOf(waiting)).isIn(FinishReason.ABORT, FinishReason.LENGTH);
        assertThat(engine.stats().runningSequences() + engine.stats().waitingSequences())
                .isZero();
        assertThatThrownBy(() -> engine.generate(request(unending(1), 1)))
                .hasMessage("The engine has stopped; restart the node.");
        engine.close();
    }

    // ---- requests

    private static SamplingParams.Builder greedy() {
        return SamplingParams.builder().temperature(0);
    }

    /** Greedy, never ending by chance. */
    private static SamplingParams unending(int maxTokens) {
        return greedy().maxTokens(maxTokens).ignoreEos(true).build();
    }

    private static GenerateRequest request(SamplingParams params, int... prompt) {
        return GenerateRequest.of("test", prompt, params);
    }

    /** Requests of all kinds with common beginnings. */
    static GenerateRequest varied(int i) {
        int[] prompt = IntStream.range(0, 1 + i * 7 % 60)
                .map(p -> 1 + (p < 20 ? p : p * i) % 90)
                .toArray();
        SamplingParams.Builder params = SamplingParams.builder()
                .seed(i)
                .maxTokens(5 + i * 3 % 40)
                .logprobs(i % 3 - 1)
                .promptLogprobs(i % 5 == 0 ? 2 : -1);
        switch (i % 6) {
            case 0 -> params.temperature(0);
            case 1 -> params.temperature(0.7).topP(0.8);
            case 2 -> params.topK(5).repetitionPenalty(1.2);
            case 3 -> params.minP(0.05).presencePenalty(0.5).frequencyPenalty(0.3);
            case 4 -> params.temperature(0).repetitionPenalty(1.5).minTokens(4);
            default -> params.ignoreEos(true).logitBias(Map.of(3, 2f));
        }
        switch (i % 5) {
            case 1 ->
                params.allowedTokenIds(List.of(5, 6, 7, 8))
                        .badWords(List.of(List.of(5), List.of(6, 7), List.of(8, 8, 6)));
            case 2 ->
                params.allowedTokenIds(List.of(1, 2, 3))
                        .repetitionDetection(Optional.of(new RepetitionDetection(2, 4, 2)));
            case 3 ->
                params.thinkingBudget(
                        Optional.of(new ThinkingBudget(i % 7, i % 2 == 0, List.of(9), List.of(7, 8), List.of())));
            case 4 -> params.logprobTokenIds(List.of(50, 1));
            default -> {}
        }
        return GenerateRequest.of("varied-" + i, prompt, params.build());
    }

    private static GenerateEvent.Finished finished(FinishReason reason) {
        return new GenerateEvent.Finished(reason, OptionalInt.empty());
    }

    private static void refused(ThrowingCallable call, String param, String message) {
        assertThatThrownBy(call).asInstanceOf(type(ServiceException.class)).satisfies(e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
            assertThat(e.getMessage()).isEqualTo(message);
            assertThat(e.param()).hasValue(param);
        });
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
