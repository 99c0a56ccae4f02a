package io.yuebing.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonEnumSchema;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import io.yuebing.library.Engine;
import io.yuebing.library.EngineOptions;
import io.yuebing.library.Message;
import io.yuebing.library.Request;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ChatModelsTest {
    private static final ChatRequest SUM = ChatRequest.builder()
            .messages(SystemMessage.from("Answer briefly."), UserMessage.from("What is 7 + 5?"))
            .temperature(0.0)
            .maxOutputTokens(30)
            .build();
    private static final String ROME_OR_OSLO = "\\{\"city\": ?\"(Rome|Oslo)\"}";
    private static final ChatRequest WEATHER = ChatRequest.builder()
            .messages(UserMessage.from("How is the weather in Rome?"))
            .toolSpecifications(ToolSpecification.builder()
                    .name("weather")
                    .description("The weather in a city")
                    .parameters(JsonObjectSchema.builder()
                            .addEnumProperty("city", List.of("Rome", "Oslo"))
                            .required("city")
                            .additionalProperties(false)
                            .build())
                    .build())
            .toolChoice(ToolChoice.REQUIRED)
            .temperature(0.0)
            .maxOutputTokens(200)
            .build();
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
        ChatResponse response = new YuebingChatModel(engine).chat(SUM);
        assertThat(response.aiMessage().text()).isEqualTo(expected.text()).isNotBlank();
        assertThat(response.tokenUsage().inputTokenCount()).isEqualTo(expected.promptTokens());
        assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(expected.generatedTokens());
        assertThat(response.finishReason().name()).isEqualTo(expected.reason().name());
        assertThat(response.modelName()).isEqualTo("demo");
    }

    @Test
    void defaultsHoldUnlessTheRequestSaysOtherwise() {
        YuebingChatModel model = new YuebingChatModel(
                engine,
                ChatRequestParameters.builder()
                        .temperature(0.0)
                        .maxOutputTokens(3)
                        .build());
        assertThat(model.chat(UserMessage.from("Tell me a story.")).tokenUsage().outputTokenCount())
                .isEqualTo(3);
        ChatResponse longer = model.chat(ChatRequest.builder()
                .messages(UserMessage.from("Tell me a story."))
                .maxOutputTokens(5)
                .build());
        assertThat(longer.tokenUsage().outputTokenCount()).isEqualTo(5);
        assertThat(longer.finishReason()).isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void streamedPiecesAddUpToTheAnswer() throws Exception {
        StringBuilder text = new StringBuilder();
        CompletableFuture<ChatResponse> complete = new CompletableFuture<>();
        new YuebingStreamingChatModel(engine).chat(SUM, new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
                text.append(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                complete.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                complete.completeExceptionally(error);
            }
        });
        ChatResponse response = complete.get(60, TimeUnit.SECONDS);
        assertThat(response.aiMessage().text()).isEqualTo(text.toString());
        assertThat(response).isEqualTo(new YuebingChatModel(engine).chat(SUM));
    }

    @Test
    void aCancelledStreamIsHeardOfNoMore() throws Exception {
        CompletableFuture<String> heard = new CompletableFuture<>();
        CompletableFuture<PartialResponseContext> first = new CompletableFuture<>();
        ChatRequest endless = ChatRequest.builder()
                .messages(UserMessage.from("Tell me a story."))
                .build();
        new YuebingStreamingChatModel(engine).chat(endless, new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
                if (first.isDone()) {
                    heard.complete("another piece");
                }
                context.streamingHandle().cancel();
                first.complete(context);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                heard.complete("the end");
            }

            @Override
            public void onError(Throwable error) {
                heard.complete(error.toString());
            }
        });
        assertThat(first.get(60, TimeUnit.SECONDS).streamingHandle().isCancelled())
                .isTrue();
        new YuebingChatModel(engine).chat(SUM);
        assertThat(heard.getNow("nothing")).isEqualTo("nothing");
    }

    @Test
    void answersKeepToTheSchemaOfTheResponseFormat() {
        ResponseFormat format = ResponseFormat.builder()
                .type(ResponseFormatType.JSON)
                .jsonSchema(JsonSchema.builder()
                        .name("sum")
                        .rootElement(JsonObjectSchema.builder()
                                .addProperty(
                                        "parity",
                                        JsonEnumSchema.builder()
                                                .enumValues("even", "odd")
                                                .build())
                                .required("parity")
                                .build())
                        .build())
                .build();
        ChatResponse response = new YuebingChatModel(engine)
                .chat(SUM.toBuilder().responseFormat(format).build());
        assertThat(response.aiMessage().text()).matches("\\{\"parity\": ?\"(even|odd)\"}");
    }

    @Test
    void aToolIsCalledAndItsResultGoesBack() {
        YuebingChatModel model = new YuebingChatModel(
                engine, ChatRequestParameters.builder().build(), request -> request.parallelToolCalls(false));
        ChatResponse asked = model.chat(WEATHER);
        assertThat(asked.finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
        ToolExecutionRequest call = asked.aiMessage().toolExecutionRequests().getFirst();
        assertThat(call.name()).isEqualTo("weather");
        assertThat(call.arguments()).matches(ROME_OR_OSLO);
        ChatRequest next = WEATHER.toBuilder()
                .messages(
                        WEATHER.messages().getFirst(),
                        asked.aiMessage(),
                        ToolExecutionResultMessage.from(call, "sunny"))
                .toolChoice(ToolChoice.NONE)
                .build();
        assertThat(model.chat(next).aiMessage().hasToolExecutionRequests()).isFalse();
    }

    @Test
    void partsOfCallsAreStreamedBeforeTheWholeCall() throws Exception {
        StringBuilder parts = new StringBuilder();
        CompletableFuture<CompleteToolCall> whole = new CompletableFuture<>();
        CompletableFuture<ChatResponse> complete = new CompletableFuture<>();
        new YuebingStreamingChatModel(engine).chat(WEATHER, new StreamingChatResponseHandler() {
            @Override
            public void onPartialToolCall(PartialToolCall part) {
                if (!whole.isDone()) {
                    parts.append(part.partialArguments());
                }
            }

            @Override
            public void onCompleteToolCall(CompleteToolCall call) {
                whole.complete(call);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                complete.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                complete.completeExceptionally(error);
            }
        });
        ChatResponse response = complete.get(60, TimeUnit.SECONDS);
        ToolExecutionRequest first = whole.getNow(null).toolExecutionRequest();
        assertThat(first.arguments()).isEqualTo(parts.toString()).matches(ROME_OR_OSLO);
        assertThat(response.aiMessage().toolExecutionRequests()).startsWith(first);
    }

    @Test
    void whatIsNotSupportedIsRefusedByName() {
        YuebingChatModel model = new YuebingChatModel(engine);
        assertThatThrownBy(() -> model.chat(UserMessage.from(ImageContent.from("https://example.com/a.png"))))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessageContaining("IMAGE");
        assertThatThrownBy(() -> model.chat(SUM.toBuilder().modelName("other").build()))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessageContaining("demo");
        assertThatThrownBy(() -> model.chat(UserMessage.from("long ".repeat(20_000)), AiMessage.from("so")))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("at most");
    }
}
