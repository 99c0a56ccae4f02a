package io.yuebing.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.answer.AnswerPart;
import io.yuebing.answer.GatheredAnswer;
import io.yuebing.answer.ToolCall;
import io.yuebing.api.FinishReason;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.ServiceException;
import io.yuebing.api.UserError;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ToolsAndThoughtsTest {
    private static final Path MODEL = Path.of("../models/demo");
    private static final String CITY = """
            {"type": "object", "properties": {"city": {"enum": ["Rome", "Oslo"]}}, "required": ["city"],
             "additionalProperties": false}""";
    private static final Tool WEATHER = Tool.strict("weather", "The weather in a city", CITY);
    private static final Tool CLOCK = new Tool("clock", "The time", "", false);
    private static final Message QUESTION = Message.user("How is the weather in Rome?");
    private static final Request ASK =
            Request.chat(QUESTION).tools(WEATHER, CLOCK).temperature(0).maxTokens(120);
    private static final String ARGUMENTS = "\\{\"city\": ?\"(Rome|Oslo)\"}";

    private static Engine engine;

    @BeforeAll
    static void open() {
        // no chat template of the demo model shows thoughts; with this format every answer begins with some
        engine = Engine.open(
                MODEL,
                EngineOptions.builder()
                        .threads(2)
                        .maxModelLength(1024)
                        .reasoningParser("deepseek_r1")
                        .build());
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    @Test
    void aNamedToolIsCalledOnceWithArgumentsOfItsSchema() {
        Answer answer = engine.generate(
                        ASK.toolChoice(new ToolChoice.Named("weather")).thinkingTokens(0))
                .answer();
        assertThat(answer.toolCalls()).singleElement().satisfies(call -> {
            assertThat(call.name()).isEqualTo("weather");
            assertThat(call.arguments()).matches(ARGUMENTS);
            assertThat(call.id()).startsWith("call_");
        });
        assertThat(answer.text()).isEmpty();
        assertThat(answer.reason()).isEqualTo(FinishReason.STOP);
    }

    @Test
    void thePartsOfPiecesAddUpToTheAnswer() {
        GatheredAnswer gathered = new GatheredAnswer();
        Generation generation = engine.generate(ASK.toolChoice(ToolChoice.Mode.REQUIRED)
                .parallelToolCalls(false)
                .thinkingTokens(3));
        generation.forEach(piece -> piece.parts().forEach(gathered::add));
        Answer answer = generation.answer();
        assertThat(gathered.calls()).isEqualTo(answer.toolCalls()).hasSize(1);
        assertThat(gathered.reasoning()).isEqualTo(answer.reasoning()).isNotBlank();
        assertThat(gathered.content()).isEqualTo(answer.text());
    }

    @Test
    void aStrictToolThatTheModelBeginsToCallKeepsToItsSchema() {
        int begin = engine.tokenizer().idOf("<tool_call>").orElseThrow();
        Request begun = Request.chat(QUESTION)
                .tools(WEATHER)
                .parallelToolCalls(false)
                .temperature(0)
                .maxTokens(120)
                .thinkingTokens(0)
                .sampling(sampling -> sampling.logitBias(Map.of(begin, 100f)));
        Answer answer = engine.generate(begun).answer();
        assertThat(answer.toolCalls())
                .singleElement()
                .satisfies(call -> assertThat(call.arguments()).matches(ARGUMENTS));
        assertThat(answer.text()).isEmpty();
    }

    @Test
    void withoutToolsNothingIsACall() {
        Answer answer = engine.generate(ASK.toolChoice(ToolChoice.Mode.NONE)
                        .constraint(new OutputConstraint(
                                OutputConstraint.Kind.CHOICE, "[\"<tool_call>{\\\"name\\\": \\\"clock\\\"}\"]"))
                        .thinkingTokens(0))
                .answer();
        assertThat(answer.toolCalls()).isEmpty();
        assertThat(answer.text()).isEqualTo("<tool_call>{\"name\": \"clock\"}");
    }

    @Test
    void resultsOfToolsGoBackToTheModel() {
        Answer asked = engine.generate(
                        ASK.toolChoice(new ToolChoice.Named("weather")).thinkingTokens(0))
                .answer();
        Message result = Message.tool(asked.toolCalls().getFirst(), "Sunny");
        Request next = Request.chat(QUESTION, Message.of(asked), result).tools(WEATHER);
        Answer more = engine.generate(next.temperature(0).maxTokens(5)).answer();
        assertThat(more.promptTokens()).isGreaterThan(asked.promptTokens());
    }

    @Test
    void thoughtsAreToldApartAndEndAtTheirLimit() {
        Request request = Request.chat(Message.user("What is 7 + 5?"))
                .constraint(new OutputConstraint(OutputConstraint.Kind.CHOICE, "[\"twelve\"]"))
                .temperature(0)
                .thinkingTokens(4);
        Answer answer = engine.generate(request).answer();
        assertThat(answer.text()).isEqualTo("twelve");
        assertThat(answer.reasoning()).isNotBlank().doesNotContain("think>");
    }

    @Test
    void mistakesAreToldInOneSentence() {
        assertThatThrownBy(() -> engine.generate(ASK.toolChoice(new ToolChoice.Named("taxi"))))
                .isInstanceOf(ServiceException.class)
                .hasMessageContaining("taxi")
                .hasMessageContaining("[weather, clock]");
        assertThatThrownBy(() ->
                        engine.generate(Request.chat(QUESTION).tools(new Tool("weather", "", "no schema", false))))
                .isInstanceOf(ServiceException.class)
                .hasMessageContaining("no schema");
        assertThatThrownBy(() -> engine.generate(
                        Request.chat(QUESTION).tools(Tool.strict("odd", "", "{\"not\":{},\"type\":\"integer\"}"))))
                .isInstanceOf(ServiceException.class);
        assertThatThrownBy(() ->
                        engine.generate(ASK.toolChoice(ToolChoice.Mode.REQUIRED).jsonSchema("{\"type\":\"object\"}")))
                .isInstanceOf(ServiceException.class)
                .hasMessageContaining("another constraint");
        assertThatThrownBy(() -> engine.generate(Request.chat(
                        new Message("assistant", "", List.of(new ToolCall("1", "clock", "[")), Optional.empty()))))
                .isInstanceOf(ServiceException.class)
                .hasMessageContaining("no JSON object");
        assertThatThrownBy(() -> Request.prompt("Once").tools(CLOCK)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> Engine.open(
                        MODEL, EngineOptions.builder().toolCallParser("morse").build()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("morse")
                .hasMessageContaining("hermes");
    }

    @Test
    void contentIsAPartLikeAnyOther() {
        Generation generation = engine.generate(
                Request.prompt("Once upon a time").temperature(0).maxTokens(4));
        generation.forEach(piece ->
                assertThat(piece.parts()).allSatisfy(part -> assertThat(part).isInstanceOf(AnswerPart.Content.class)));
        assertThat(generation.answer().text()).isNotBlank();
    }
}
