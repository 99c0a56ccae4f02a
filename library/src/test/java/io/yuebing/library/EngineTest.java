package io.yuebing.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class EngineTest {
    private static final Path MODEL = Path.of("../models/demo");
    private static final Request STORY = Request.prompt("Once upon a time").temperature(0);
    private static Engine engine;

    @BeforeAll
    static void open() {
        engine = Engine.open(
                MODEL, EngineOptions.builder().threads(2).maxSequences(2).build());
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    @Test
    void piecesAddUpToTheAnswer() {
        StringBuilder text = new StringBuilder();
        Generation generation = engine.generate(
                Request.chat(Message.user("What is 7 + 5?")).temperature(0).maxTokens(40));
        generation.forEach(piece -> text.append(piece));
        Answer answer = generation.answer();
        assertThat(answer.text()).isEqualTo(text.toString()).isNotBlank();
        assertThat(answer.generatedTokens()).isBetween(1, 40);
        assertThat(answer.promptTokens()).isPositive();
    }

    @Test
    void anAnswerKeepsToItsSchema() {
        String schema = """
                {"type": "object", "properties": {"sum": {"type": "integer", "minimum": 0, "maximum": 99}},
                 "required": ["sum"], "additionalProperties": false}""";
        Answer answer = engine.generate(
                        Request.chat(Message.user("What is 7 + 5?")).jsonSchema(schema))
                .answer();
        assertThat(answer.text()).matches("\\{\"sum\": ?\\d{1,2}}");
    }

    @Test
    void aSchemaThatCannotBeKeptIsRefusedByKeyword() {
        assertThatThrownBy(() -> engine.generate(STORY.jsonSchema("{\"type\":\"integer\",\"not\":{\"const\":5}}")))
                .isInstanceOf(ServiceException.class)
                .hasMessageContaining("\"not\"");
    }

    @Test
    void theTextIsThatOfTheTokens() throws InterruptedException {
        int[] prompt = engine.tokenizer().encode("Once upon a time", true);
        List<Integer> ids = new ArrayList<>();
        try (TokenStream stream = engine.generate(GenerateRequest.of("tokens", prompt, SamplingParams.greedy(24)))) {
            GenerateEvent event;
            while (!((event = stream.next()) instanceof GenerateEvent.Finished)) {
                if (event instanceof GenerateEvent.Token(SampledToken token)) {
                    ids.add(token.id());
                }
            }
        }
        String expected =
                engine.tokenizer().decode(ids.stream().mapToInt(id -> id).toArray(), true);
        assertThat(engine.generate(STORY.maxTokens(24)).answer().text()).isEqualTo(expected);
        assertThat(engine.generate(Request.tokens(prompt).temperature(0).maxTokens(24))
                        .answer()
                        .text())
                .isEqualTo(expected);
    }

    @Test
    void theSameSeedGivesTheSameText() {
        Request request = Request.prompt("The").temperature(1).maxTokens(20).seed(7);
        String first = engine.generate(request).answer().text();
        assertThat(engine.generate(request).answer().text()).isEqualTo(first);
        assertThat(engine.generate(request.seed(8)).answer().text()).isNotEqualTo(first);
    }

    @Test
    void aStopStringEndsTheTextBeforeIt() {
        String whole = engine.generate(STORY.maxTokens(30)).answer().text();
        String stop = whole.substring(10, 14);
        Answer answer = engine.generate(STORY.maxTokens(30).stop(stop)).answer();
        assertThat(answer.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
        assertThat(answer.reason()).isEqualTo(FinishReason.STOP);
        assertThat(answer.stopString()).isEqualTo(Optional.of(stop));
    }

    @Test
    void logprobsComeWithTheTokens() {
        engine.generate(STORY.maxTokens(3).sampling(sampling -> sampling.logprobs(2)))
                .forEach(piece -> piece.token().ifPresent(token -> {
                    assertThat(token.top()).hasSize(2);
                    assertThat(token.logprob()).isLessThanOrEqualTo(0);
                }));
    }

    @Test
    void whoLeavesEarlyMakesRoomForOthers() {
        for (int i = 0; i < 3; i++) {
            Generation left = engine.generate(endless());
            try (left) {
                assertThat(left.iterator().next().text()).isNotNull();
            }
            assertThat(left.answer().reason()).isEqualTo(FinishReason.ABORT);
        }
        assertThat(engine.generate(STORY.maxTokens(2)).answer().generatedTokens())
                .isEqualTo(2);
    }

    @Test
    void anotherThreadCanCloseAGeneration() throws InterruptedException, ExecutionException, TimeoutException {
        Generation generation = engine.generate(endless());
        CountDownLatch begun = new CountDownLatch(1);
        FutureTask<Answer> reading = new FutureTask<>(() -> {
            generation.forEach(piece -> begun.countDown());
            return generation.answer();
        });
        Thread.ofVirtual().start(reading);
        assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
        generation.close();
        assertThat(reading.get(30, TimeUnit.SECONDS).reason()).isEqualTo(FinishReason.ABORT);
    }

    private static Request endless() {
        return STORY.maxTokens(engine.info().maxModelLength() - 20).sampling(sampling -> sampling.ignoreEos(true));
    }

    @Test
    void mistakesAreToldInOneSentence() {
        assertThatThrownBy(() -> Engine.open(Path.of("no/such/model")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("no/such/model");
        assertThatThrownBy(() -> Engine.open(
                        MODEL, EngineOptions.builder().maxModelLength(1 << 24).build()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("maxModelLength 16777216");
        assertThatThrownBy(() -> engine.generate(Request.prompt("long ".repeat(20_000))))
                .isInstanceOfSatisfying(
                        ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST))
                .hasMessageContaining("at most " + engine.info().maxModelLength());
        assertThatThrownBy(() -> engine.generate(STORY.temperature(3)))
                .isInstanceOf(ServiceException.class)
                .hasMessageContaining("temperature must be in [0, 2]");
        assertThatThrownBy(() -> STORY.templateArguments(Map.of("enable_thinking", false)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Request.chat");
        assertThatThrownBy(() -> STORY.stop("")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void optionsReachTheEngineAndClosingEndsIt() {
        Engine exact = Engine.open(
                MODEL,
                EngineOptions.builder()
                        .threads(1)
                        .compute(ComputeMode.F32)
                        .kvType(ElementType.F32)
                        .maxModelLength(64)
                        .kvMemory(64 << 20)
                        .build());
        try (exact) {
            assertThat(exact.info().maxModelLength()).isEqualTo(64);
            Answer answer = exact.generate(STORY.sampling(sampling -> sampling.ignoreEos(true)))
                    .answer();
            assertThat(answer.promptTokens() + answer.generatedTokens()).isEqualTo(64);
            assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
        }
        assertThatThrownBy(() -> exact.generate(Request.tokens(1)))
                .isInstanceOfSatisfying(
                        ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE));
    }
}
