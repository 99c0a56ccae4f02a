package io.yuebing.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ServiceException;
import io.yuebing.library.Engine;
import io.yuebing.library.EngineOptions;
import io.yuebing.library.Message;
import io.yuebing.library.Request;
import io.yuebing.library.ToolChoice;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.Media;
import org.springframework.ai.converter.BeanOutputConverter;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.model.tool.ToolCallingManager;
import org.springframework.ai.tool.function.FunctionToolCallback;
import org.springframework.util.MimeTypeUtils;

@Timeout(120)
class YuebingChatModelTest {
    private static final Prompt SUM = new Prompt(
            List.of(new SystemMessage("Answer briefly."), new UserMessage("What is 7 + 5?")),
            ChatOptions.builder().temperature(0.0).maxTokens(30).build());
    private static Engine engine;

    @BeforeAll
    static void open() {
        engine = Engine.open(
                Path.of("../models/demo"),
                EngineOptions.builder().threads(2).maxSequences(2).build());
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    @Test
    void theAnswerIsThatOfTheLibraryWithUsageAndReason() {
        var expected = engine.generate(Request.chat(Message.system("Answer briefly."), Message.user("What is 7 + 5?"))
                        .temperature(0)
                        .maxTokens(30))
                .answer();
        ChatResponse response = new YuebingChatModel(engine).call(SUM);
        assertThat(response.getResults().getFirst().getOutput().getText())
                .isEqualTo(expected.text())
                .isNotBlank();
        assertThat(response.getResults().getFirst().getMetadata().getFinishReason())
                .isEqualTo(expected.reason().name());
        assertThat(response.getMetadata().getUsage().getPromptTokens()).isEqualTo(expected.promptTokens());
        assertThat(response.getMetadata().getUsage().getCompletionTokens()).isEqualTo(expected.generatedTokens());
        assertThat(response.getMetadata().getModel()).isEqualTo("demo");
    }

    @Test
    void streamedPiecesAddUpToTheAnswerAndTheLastOneHasItsEnd() {
        YuebingChatModel model = new YuebingChatModel(engine);
        List<ChatResponse> parts =
                Objects.requireNonNull(model.stream(SUM).collectList().block(Duration.ofSeconds(60)));
        assertThat(parts).hasSizeGreaterThan(1);
        String text = parts.stream()
                .map(part -> part.getResults().getFirst().getOutput().getText())
                .collect(Collectors.joining());
        ChatResponse whole = model.call(SUM);
        assertThat(text).isEqualTo(whole.getResults().getFirst().getOutput().getText());
        ChatResponse last = parts.getLast();
        assertThat(last.getResults().getFirst().getMetadata().getFinishReason())
                .isEqualTo(whole.getResults().getFirst().getMetadata().getFinishReason());
        assertThat(last.getMetadata().getUsage().getTotalTokens())
                .isEqualTo(whole.getMetadata().getUsage().getTotalTokens());
    }

    @Test
    void aCancelledStreamMakesRoomForOthers() {
        YuebingChatModel model = new YuebingChatModel(engine);
        for (int i = 0; i < 3; i++) {
            assertThat(model.stream(new Prompt("Tell me a story.")).blockFirst(Duration.ofSeconds(60)))
                    .isNotNull();
        }
        assertThat(model.call(SUM).getResults().getFirst().getOutput().getText())
                .isNotBlank();
    }

    @Test
    void optionsOfThePromptGoBeforeDefaults() {
        YuebingChatModel model = new YuebingChatModel(
                engine, ChatOptions.builder().temperature(0.0).maxTokens(3).build());
        assertThat(model.call(new Prompt("Tell me a story."))
                        .getMetadata()
                        .getUsage()
                        .getCompletionTokens())
                .isEqualTo(3);
        ChatOptions own = ChatOptions.builder().maxTokens(5).build();
        assertThat(model.call(new Prompt("Tell me a story.", own))
                        .getMetadata()
                        .getUsage()
                        .getCompletionTokens())
                .isEqualTo(5);
    }

    private record City(String city) {}

    @Test
    void aToolIsCalledAndItsResultGoesBack() {
        var weather = FunctionToolCallback.builder("weather", (City city) -> "sunny in " + city.city())
                .description("The weather in a city")
                .inputType(City.class)
                .inputSchema("""
                        {"type": "object", "properties": {"city": {"enum": ["Rome", "Oslo"]}}, "required": ["city"],
                         "additionalProperties": false}""")
                .build();
        var options = ToolCallingChatOptions.builder()
                .toolCallbacks(List.of(weather))
                .temperature(0.0)
                .maxTokens(100)
                .build();
        Prompt question = new Prompt("How is the weather in Rome?", options);
        YuebingChatModel model = new YuebingChatModel(
                engine,
                ChatOptions.builder().build(),
                request -> request.toolChoice(ToolChoice.Mode.REQUIRED).parallelToolCalls(false));
        ChatResponse asked = model.call(question);
        assertThat(asked.hasToolCalls()).isTrue();
        ChatResponse streamed = Objects.requireNonNull(model.stream(question).blockLast(Duration.ofSeconds(60)));
        assertThat(streamed.getResults().getFirst().getOutput().getToolCalls())
                .singleElement()
                .satisfies(call -> assertThat(call.arguments()).matches("\\{\"city\": ?\"(Rome|Oslo)\"}"));
        var executed = ToolCallingManager.builder().build().executeToolCalls(question, asked);
        Prompt next = new Prompt(executed.conversationHistory(), options);
        assertThat(executed.conversationHistory().getLast().toString()).contains("sunny in");
        assertThat(new YuebingChatModel(engine).call(next).getResults()).hasSize(1);
    }

    private enum Parity {
        EVEN,
        ODD
    }

    private record Sum(Parity parity, boolean prime) {}

    @Test
    void answersKeepToTheSchemaOfAConverter() {
        var converter = new BeanOutputConverter<>(Sum.class);
        var options = StructuredOutputChatOptions.builder()
                .outputSchema(converter.getJsonSchema())
                .temperature(0.0)
                .build();
        ChatResponse response = new YuebingChatModel(engine).call(new Prompt("What is 7 + 5?", options));
        String text = response.getResults().getFirst().getOutput().getText();
        Sum sum = converter.convert(Objects.requireNonNull(text));
        assertThat(Objects.requireNonNull(sum).parity()).isIn(Parity.EVEN, Parity.ODD);
    }

    @Test
    void whatIsNotSupportedIsRefusedByName() {
        YuebingChatModel model = new YuebingChatModel(engine);
        UserMessage picture = UserMessage.builder()
                .text("What is this?")
                .media(new Media(MimeTypeUtils.IMAGE_PNG, URI.create("https://example.com/a.png")))
                .build();
        assertThatThrownBy(() -> model.call(new Prompt(picture)))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("media");
        ChatOptions other = ChatOptions.builder().model("other").build();
        assertThatThrownBy(() -> model.call(new Prompt("Hello", other)))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("demo");
        assertThatThrownBy(() -> model.call(new Prompt("long ".repeat(20_000))))
                .isInstanceOf(ServiceException.class)
                .hasMessageContaining("at most");
    }
}
