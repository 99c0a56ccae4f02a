package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.ThinkingBudget;
import io.yuebing.api.TokenStream;
import io.yuebing.grammar.ConstraintCompiler;
import io.yuebing.grammar.Vocabulary;
import io.yuebing.kv.ElementType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HandOffTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private Engine prefill = start(40, 7);
    private final Engine decode = start(300, 64);
    private final Engine aggregated = start(300, 64);

    private static Engine start(int blocks, int budget) {
        return Engine.start(
                new HashingModel(),
                new EngineConfig(4, blocks, budget, 8, 32, 200, ElementType.F32, true, "0"),
                CrashDumps.NONE,
                Optional.of(new ConstraintCompiler(shown -> new Vocabulary(HashingModel.VOCAB, HandOffTest::text))));
    }

    @BeforeEach
    void shiftBlockIds() throws InterruptedException {
        // Otherwise both engines would happen to use the same block ids.
        Result.of(decode.generate(GenerateRequest.of("shift", new int[9], unending(3))));
    }

    @AfterEach
    void leavesNothing() {
        for (Engine engine : List.of(prefill, decode, aggregated)) {
            Idle.await(engine);
            engine.close();
        }
    }

    @Test
    void handedOffTokensEqualAggregatedOnes() throws InterruptedException {
        for (int i = 0; i < 48; i++) {
            GenerateRequest request = EngineTest.varied(i % 32);
            Result expected = Result.of(aggregated.generate(request));
            List<SampledToken> tokens = new ArrayList<>();
            FinishReason end = disaggregated(request, tokens);
            assertThat(tokens).as("request %d", i).isEqualTo(expected.tokens());
            assertThat(end).isEqualTo(expected.finished().reason());
        }
    }

    /** Printable ASCII from id 1 on. */
    private static byte[] text(int id) {
        return id >= 1 && id <= 95 ? new byte[] {(byte) (31 + id)} : new byte[0];
    }

    private static String text(List<SampledToken> tokens) {
        StringBuilder text = new StringBuilder();
        tokens.forEach(token -> text.append(new String(text(token.id()), StandardCharsets.US_ASCII)));
        return text.toString();
    }

    @Test
    void constrainedTokensAreTheSameHandedOffAndKeepToTheConstraint() throws InterruptedException {
        String expression = "[a-m]{1,6}(-(xy|z)+)?[0-9]";
        for (int seed = 0; seed < 30; seed++) {
            SamplingParams sampling = SamplingParams.builder()
                    .temperature(seed % 3)
                    .seed(seed)
                    .maxTokens(40)
                    .logprobs(1)
                    .build();
            GenerateRequest request = GenerateRequest.of("c" + seed, new int[] {1 + seed, 2, 3, 4, 5}, sampling)
                    .withConstraint(Optional.of(new OutputConstraint(OutputConstraint.Kind.REGEX, expression)));
            Result expected = Result.of(aggregated.generate(request));
            List<SampledToken> tokens = new ArrayList<>();
            FinishReason end = disaggregated(request, tokens);
            assertThat(tokens).as("seed %d", seed).isEqualTo(expected.tokens());
            assertThat(end).isEqualTo(expected.finished().reason());
            if (end == FinishReason.STOP) {
                assertThat(text(tokens)).as("seed %d", seed).matches(expression);
            }
        }
    }

    @Test
    void aConstraintBeginsAfterTheThoughtsHandedOffOrNot() throws InterruptedException {
        int open = HashingModel.POISON - 1;
        int close = HashingModel.POISON - 2;
        for (int seed = 0; seed < 30; seed++) {
            SamplingParams sampling = SamplingParams.builder()
                    .seed(seed)
                    .maxTokens(40)
                    .ignoreEos(true)
                    .thinkingBudget(
                            Optional.of(new ThinkingBudget(5, seed % 2 == 0, List.of(open), List.of(close), List.of())))
                    .build();
            GenerateRequest request = GenerateRequest.of("t" + seed, new int[] {1 + seed, 2, 3}, sampling)
                    .withConstraint(Optional.of(new OutputConstraint(OutputConstraint.Kind.REGEX, "[0-9]{4}")));
            Result expected = Result.of(aggregated.generate(request));
            List<SampledToken> tokens = new ArrayList<>();
            disaggregated(request, tokens);
            assertThat(tokens).as("seed %d", seed).isEqualTo(expected.tokens());
            int thoughts = tokens.stream().map(SampledToken::id).toList().indexOf(close) + 1;
            assertThat(thoughts > 0)
                    .as("seed %d thinks", seed)
                    .isEqualTo(seed % 2 == 0 || tokens.getFirst().id() == open);
            assertThat(text(tokens.subList(thoughts, tokens.size())))
                    .as("seed %d", seed)
                    .matches("[0-9]{4}");
        }
    }

    @Test
    void callsInFreeTextAreTheSameHandedOffAndMayEndTheThoughts() throws InterruptedException {
        OutputConstraint calls = new OutputConstraint(OutputConstraint.Kind.CALLS, """
                {"sections": [{"trigger": "a", "begin": "a", "end": "-",
                  "calls": [[{"regex": "[0-9]{2}"}]], "separator": "/"}]}""");
        int trigger = IntStream.range(0, HashingModel.VOCAB)
                .filter(id -> new String(text(id), StandardCharsets.US_ASCII).equals("a"))
                .findFirst()
                .orElseThrow();
        for (int seed = 0; seed < 20; seed++) {
            boolean thinks = seed % 2 == 0;
            ThinkingBudget thoughts =
                    new ThinkingBudget(60, true, List.of(trigger + 2), List.of(trigger + 2), List.of(List.of(trigger)));
            SamplingParams sampling = SamplingParams.builder()
                    .seed(seed)
                    .maxTokens(60)
                    .ignoreEos(true)
                    .thinkingBudget(thinks ? Optional.of(thoughts) : Optional.empty())
                    .build();
            GenerateRequest request = GenerateRequest.of("f" + seed, new int[] {1 + seed, 2, 3}, sampling)
                    .withConstraint(Optional.of(calls));
            Result expected = Result.of(aggregated.generate(request));
            List<SampledToken> tokens = new ArrayList<>();
            disaggregated(request, tokens);
            assertThat(tokens).as("seed %d", seed).isEqualTo(expected.tokens());
            int begin = 0;
            while (thinks && begin < tokens.size() && tokens.get(begin).id() != trigger) {
                if (tokens.get(begin++).id() == trigger + 2) {
                    break;
                }
            }
            String call = "a[0-9]{2}(/[0-9]{2})*-";
            assertThat(text(tokens.subList(begin, tokens.size()))
                            .replaceAll(call, "")
                            .replaceAll("a[0-9/]*$", ""))
                    .as("seed %d", seed)
                    .doesNotContain("a");
        }
    }

    @Test
    void aConstrainedAnswerThatIsCutOffEndsByLength() {
        GenerateRequest request = GenerateRequest.of("cut", new int[] {1, 2}, SamplingParams.greedy(3))
                .withConstraint(Optional.of(new OutputConstraint(OutputConstraint.Kind.REGEX, "[a-z]{9}")));
        Result result = Result.of(aggregated.generate(request));
        assertThat(result.finished().reason()).isEqualTo(FinishReason.LENGTH);
        assertThat(text(result.tokens())).matches("[a-z]{3}");
    }

    @Test
    void aConstraintThatTheVocabularyCannotWriteFailsItsRequestAlone() {
        GenerateRequest request = GenerateRequest.of("no", new int[] {1, 2}, SamplingParams.greedy(3))
                .withConstraint(Optional.of(new OutputConstraint(OutputConstraint.Kind.CHOICE, "[\"日\"]")));
        assertThatThrownBy(() -> Result.of(aggregated.generate(request)))
                .hasMessageContaining("No token of this model's vocabulary continues the answer");
    }

    private FinishReason disaggregated(GenerateRequest request, List<SampledToken> tokens) throws InterruptedException {
        try (BlockReservation reservation = decode.reserve(request.promptTokens().length, PATIENCE)) {
            CopyingSink sink = new CopyingSink(prefill, decode, reservation);
            TokenStream stream = prefill.prefill(request, sink);
            stream.next();
            GenerateEvent.Token first = (GenerateEvent.Token) stream.next();
            tokens.add(first.token());
            if (!sink.hold().isCancelled()) {
                sink.hold().join().close();
            }
            FinishReason reason = Result.endOf(stream);
            if (reason != FinishReason.HANDOFF) {
                assertThat(sink.calls()).endsWith("aborted");
                return reason;
            }
            Result rest =
                    Result.of(decode.resume(request.continuing(first.token().id()), reservation));
            tokens.addAll(rest.tokens());
            return rest.finished().reason();
        }
    }

    @Test
    void blocksAreAnnouncedLayerByLayerAsTheyFill() throws InterruptedException {
        GenerateRequest request = request(10);
        try (BlockReservation reservation = decode.reserve(10, PATIENCE)) {
            CopyingSink sink = new CopyingSink(prefill, decode, reservation);
            TokenStream stream = prefill.prefill(request, sink);
            sink.hold().join().close();
            assertThat(Result.endOf(stream)).isEqualTo(FinishReason.HANDOFF);
            assertThat(sink.calls())
                    .as("chunks of 7 tokens, blocks of 4")
                    .containsExactly("0: 0..1", "1: 0..1", "2: 0..1", "0: 1..3", "1: 1..3", "2: 1..3");
        }
    }

    @Test
    void cachedBlocksAreAnnouncedForAllLayersAtTheStart() throws InterruptedException {
        for (List<String> expected : List.of(
                List.of("0: 0..1", "1: 0..1", "2: 0..1", "0: 1..3", "1: 1..3", "2: 1..3"),
                List.of("0: 0..2", "1: 0..2", "2: 0..2", "0: 2..3", "1: 2..3", "2: 2..3"))) {
            try (BlockReservation reservation = decode.reserve(10, PATIENCE)) {
                CopyingSink sink = new CopyingSink(prefill, decode, reservation);
                TokenStream stream = prefill.prefill(request(10), sink);
                sink.hold().join().close();
                assertThat(Result.endOf(stream)).isEqualTo(FinishReason.HANDOFF);
                assertThat(sink.calls()).isEqualTo(expected);
            }
        }
    }

    @Test
    void blocksOfAKeptPromptStayAlthoughItsStreamHasEnded() throws InterruptedException {
        CompletableFuture<BlockHold> held = new CompletableFuture<>();
        KvSink keeping = new KvSink() {
            @Override
            public void layerWritten(int layer, int[] blockIds, int fromBlock, int toBlock) {}

            @Override
            public void promptWritten(BlockHold hold) {
                held.complete(hold);
            }

            @Override
            public boolean outlivesStream() {
                return true;
            }

            @Override
            public void aborted() {
                held.cancel(false);
            }
        };
        TokenStream stream = prefill.prefill(request(16), keeping);
        assertThat(Result.endOf(stream)).isEqualTo(FinishReason.HANDOFF);
        stream.close();
        assertThat(Result.endOf(prefill.generate(request(2)))).isEqualTo(FinishReason.LENGTH);
        Idle.until(() -> prefill.stats().heldBlocks() == 4);
        held.join().close();
        Idle.until(() -> prefill.stats().heldBlocks() == 0);
    }

    @Test
    void blocksStayUntilTheHoldIsClosed() throws InterruptedException {
        prefill.close();
        prefill = start(4, 64);
        try (BlockReservation reservation = decode.reserve(16, PATIENCE)) {
            CopyingSink sink = new CopyingSink(prefill, decode, reservation);
            TokenStream stream = prefill.prefill(request(16), sink);
            BlockHold hold = sink.hold().join();
            TokenStream other = prefill.generate(request(2));
            Idle.until(() -> prefill.stats().waitingSequences() == 1);
            assertThat(prefill.stats().heldBlocks()).isEqualTo(4);
            hold.close();
            hold.close();
            assertThat(Result.endOf(stream)).isEqualTo(FinishReason.HANDOFF);
            assertThat(Result.endOf(other)).isEqualTo(FinishReason.LENGTH);
        }
    }

    @Test
    void aFailedTransferFailsTheStream() throws InterruptedException {
        try (BlockReservation reservation = decode.reserve(10, PATIENCE)) {
            CopyingSink sink = new CopyingSink(prefill, decode, reservation);
            TokenStream stream = prefill.prefill(request(10), sink);
            BlockHold hold = sink.hold().join();
            hold.fail(new ServiceException(ErrorCode.BAD_GATEWAY, "the decode node is gone"));
            hold.close();
            assertThatThrownBy(() -> Result.endOf(stream)).hasMessage("the decode node is gone");
            assertThat(sink.calls()).doesNotContain("aborted");
        }
    }

    @Test
    void aSinkThatThrowsFailsItsSequenceOnly() throws InterruptedException {
        KvSink broken = new KvSink() {
            @Override
            public void layerWritten(int layer, int[] blockIds, int fromBlock, int toBlock) {
                throw new IllegalStateException("no more room");
            }

            @Override
            public void promptWritten(BlockHold hold) {
                hold.close();
            }

            @Override
            public void aborted() {
                throw new IllegalStateException("cannot even stop");
            }
        };
        TokenStream other = prefill.generate(request(3));
        TokenStream stream = prefill.prefill(request(10), broken);
        assertThatThrownBy(() -> Result.endOf(stream))
                .hasMessageStartingWith("Announcing KV blocks 0..0 of layer 0 for their transfer failed");
        assertThat(Result.endOf(other)).isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void cancellingDuringTheTransferStopsReadersFirst() throws InterruptedException {
        try (BlockReservation reservation = decode.reserve(10, PATIENCE)) {
            CopyingSink sink = new CopyingSink(prefill, decode, reservation);
            TokenStream stream = prefill.prefill(request(10), sink);
            BlockHold hold = sink.hold().join();
            stream.close();
            assertThat(Result.endOf(stream)).isEqualTo(FinishReason.ABORT);
            assertThat(sink.calls()).endsWith("aborted");
            hold.close();
        }
    }

    @Test
    void promptLogprobsComeFromThePrefillSide() throws InterruptedException {
        SamplingParams scored = SamplingParams.builder()
                .temperature(0)
                .ignoreEos(true)
                .promptLogprobs(1)
                .build();
        GenerateRequest request = GenerateRequest.of("scored", request(10).promptTokens(), scored);
        try (BlockReservation reservation = decode.reserve(10, PATIENCE)) {
            CopyingSink sink = new CopyingSink(prefill, decode, reservation);
            TokenStream stream = prefill.prefill(request, sink);
            GenerateEvent.PromptDone prompt = (GenerateEvent.PromptDone) stream.next();
            sink.hold().join().close();
            Result.endOf(stream);
            assertThat(prompt).isEqualTo(Result.of(aggregated.generate(request)).prompt());
            assertThat(prompt.promptLogprobs()).hasSize(9);
        }
    }

    @Test
    void aReservationMayCoverTokensGeneratedBeforeAFailover() throws InterruptedException {
        GenerateRequest request = request(10);
        List<Integer> whole = Result.of(aggregated.generate(request)).ids();
        int[] given = {whole.get(0), whole.get(1), whole.get(2)};
        try (BlockReservation reservation = decode.reserve(13, PATIENCE)) {
            CopyingSink sink = new CopyingSink(prefill, decode, reservation);
            TokenStream stream = prefill.prefill(request.continuing(given), sink);
            stream.next();
            int fourth = ((GenerateEvent.Token) stream.next()).token().id();
            assertThat(fourth).isEqualTo(whole.get(3));
            sink.hold().join().close();
            assertThat(Result.endOf(stream)).isEqualTo(FinishReason.HANDOFF);
            Result rest =
                    Result.of(decode.resume(request.continuing(given[0], given[1], given[2], fourth), reservation));
            assertThat(rest.ids()).isEqualTo(whole.subList(4, whole.size()));
        }
    }

    private static SamplingParams unending(int maxTokens) {
        return SamplingParams.builder()
                .temperature(0)
                .ignoreEos(true)
                .maxTokens(maxTokens)
                .build();
    }

    private static GenerateRequest request(int promptLength) {
        return GenerateRequest.of("test", IntStream.range(1, 1 + promptLength).toArray(), unending(8));
    }
}
