package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIServiceException;
import com.openai.errors.RateLimitException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.models.Model;
import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.ServiceException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** OpenAI's own Java client finds what it expects. */
@Timeout(60)
class OpenAiJavaClientTest {
    private static final String ARGUMENTS = "{\"city\": \"Zürich 🎉\"}";
    private static final String CALL =
            "<think>\nHm.\n</think>\n\nSo:\n<tool_call>\n{\"name\": \"weather\", \"arguments\": " + ARGUMENTS
                    + "}\n</tool_call>";
    private static TestServer server;
    private static OpenAIClient client;

    @BeforeAll
    static void start() {
        server = new TestServer(SurfaceOptions.of("1.2.3").withParsers("hermes", "qwen3"), GenerationDefaults.NONE);
        client = OpenAIOkHttpClient.builder()
                .baseUrl(server.uri("/v1").toString())
                .apiKey("none")
                .maxRetries(0)
                .build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    @BeforeEach
    void forget() {
        server.generator.requests.clear();
    }

    private static void say(String text) {
        server.generator.say(TestServer.TOKENIZER.encode(text, false));
    }

    private static ChatCompletionCreateParams.Builder chat() {
        return ChatCompletionCreateParams.builder()
                .model("tiny")
                .addUserMessage("Hi")
                .maxCompletionTokens(120);
    }

    private static ChatCompletionCreateParams withTools() {
        return chat().addFunctionTool(FunctionDefinition.builder()
                        .name("weather")
                        .description("Tells the weather.")
                        .build())
                .streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
    }

    @Test
    void aChatAnswerIsValid() {
        say("Hello 世界 🌍");
        ChatCompletion answer = client.chat()
                .completions()
                .create(chat().logprobs(true).topLogprobs(2).seed(5).build())
                .validate();
        ChatCompletion.Choice choice = answer.choices().getFirst();
        assertThat(choice.message().content()).contains("Hello 世界 🌍");
        assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
        long tokens = answer.usage().orElseThrow().completionTokens();
        assertThat(tokens).isPositive();
        assertThat(choice.logprobs().orElseThrow().content().orElseThrow())
                .hasSize((int) tokens)
                .allSatisfy(token -> assertThat(token.topLogprobs()).hasSize(2));
    }

    @Test
    void fieldsBeyondTheApiAreSentAlong() throws Exception {
        say("Hello");
        var unused = client.chat()
                .completions()
                .create(chat().putAdditionalBodyProperty("top_k", JsonValue.from(7))
                        .putAdditionalBodyProperty("thinking_token_budget", JsonValue.from(9))
                        .build());
        var sampling = server.generator.awaitRequest().sampling();
        assertThat(sampling.topK()).isEqualTo(7);
        assertThat(sampling.thinkingBudget().orElseThrow().tokens()).isEqualTo(9);
    }

    @Test
    void toolCallsAndThoughtsAreTold() {
        say(CALL);
        assertCalls(client.chat().completions().create(streamless()).validate());
    }

    private static ChatCompletionCreateParams streamless() {
        return chat().addFunctionTool(
                        FunctionDefinition.builder().name("weather").build())
                .build();
    }

    @Test
    void streamedPiecesAddUpToTheWholeAnswer() {
        say(CALL);
        ChatCompletionAccumulator gathered = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(withTools())) {
            stream.stream().map(ChatCompletionChunk::validate).forEach(gathered::accumulate);
        }
        assertCalls(gathered.chatCompletion());
    }

    private static void assertCalls(ChatCompletion answer) {
        ChatCompletion.Choice choice = answer.choices().getFirst();
        assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
        assertThat(choice.message().content()).contains("So:");
        List<ChatCompletionMessageFunctionToolCall> calls = choice.message().toolCalls().orElseThrow().stream()
                .map(call -> call.asFunction())
                .toList();
        assertThat(calls).hasSize(1);
        assertThat(calls.getFirst().id()).startsWith("call_");
        assertThat(calls.getFirst().function().name()).isEqualTo("weather");
        assertThat(calls.getFirst().function().arguments()).isEqualTo(ARGUMENTS);
        var usage = answer.usage().orElseThrow();
        assertThat(usage.totalTokens()).isEqualTo(usage.promptTokens() + usage.completionTokens());
        assertThat(usage.completionTokensDetails()
                        .orElseThrow()
                        .reasoningTokens()
                        .orElseThrow())
                .isPositive();
    }

    @Test
    void completionsAndModelsAreValid() {
        say("Hello 世界");
        Completion answer = client.completions()
                .create(CompletionCreateParams.builder()
                        .model("tiny")
                        .prompt("Hi")
                        .maxTokens(50)
                        .logprobs(1)
                        .build())
                .validate();
        assertThat(answer.choices().getFirst().text()).isEqualTo("Hello 世界");
        assertThat(client.models().list().data().stream().map(Model::id)).containsExactly("tiny");
        assertThat(client.models().retrieve("tiny").validate().id()).isEqualTo("tiny");
    }

    @Test
    void errorsAreTheClientsOwnExceptions() {
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(chat().temperature(3.0).build()))
                .asInstanceOf(type(BadRequestException.class))
                .satisfies(e -> {
                    assertThat(e.param()).contains("temperature");
                    assertThat(e).hasMessageContaining("temperature must be in [0, 2], got 3");
                });
        assertThatThrownBy(() ->
                        client.chat().completions().create(chat().model("other").build()))
                .isInstanceOf(NotFoundException.class);
        assertFails(ErrorCode.OVERLOADED, RateLimitException.class);
        assertFails(ErrorCode.UNAVAILABLE, InternalServerException.class);
    }

    private static void assertFails(ErrorCode code, Class<? extends OpenAIServiceException> expected) {
        server.generator.script = request -> List.of(new ServiceException(code, "not now"));
        assertThatThrownBy(() -> client.chat().completions().create(chat().build()))
                .isInstanceOf(expected)
                .hasMessageContaining("not now");
    }
}
