package io.yuebing.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.Json;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import io.yuebing.answer.ToolCall;
import io.yuebing.api.ErrorCode;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.library.Answer;
import io.yuebing.library.Message;
import io.yuebing.library.Request;
import io.yuebing.library.Tool;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Tells LangChain4j's requests to the library, and the library's answers to LangChain4j. */
final class Translation {
    private Translation() {}

    /**
     * The same request in the library's words.
     *
     * @throws UnsupportedFeatureException if it asks for what a text model in this process does not do
     */
    static Request request(ChatRequest request, ModelInfo model) {
        refuseOtherModel(request, model);
        Request translated = Request.chat(
                request.messages().stream().map(Translation::message).toList());
        translated = with(translated, request.temperature(), SamplingParams.Builder::temperature);
        translated = with(translated, request.topP(), SamplingParams.Builder::topP);
        translated = with(translated, request.topK(), SamplingParams.Builder::topK);
        translated = with(translated, request.frequencyPenalty(), SamplingParams.Builder::frequencyPenalty);
        translated = with(translated, request.presencePenalty(), SamplingParams.Builder::presencePenalty);
        translated = with(translated, request.maxOutputTokens(), SamplingParams.Builder::maxTokens);
        ResponseFormat format = request.responseFormat();
        if (format != null && format.type() == ResponseFormatType.JSON) {
            translated = translated.jsonSchema(schema(format.jsonSchema()));
        }
        if (request.toolSpecifications() != null) {
            translated = translated
                    .tools(request.toolSpecifications().stream()
                            .map(Translation::tool)
                            .toList())
                    .toolChoice(choice(request.toolChoice()));
        }
        return request.stopSequences() == null ? translated : translated.stop(request.stopSequences());
    }

    private static Tool tool(ToolSpecification tool) {
        return new Tool(
                tool.name(),
                tool.description() == null ? "" : tool.description(),
                tool.parameters() == null ? "" : Json.toJson(JsonSchemaElementUtils.toMap(tool.parameters())),
                Boolean.TRUE.equals(tool.strict()));
    }

    private static io.yuebing.library.ToolChoice choice(@Nullable ToolChoice choice) {
        return switch (choice) {
            case AUTO -> io.yuebing.library.ToolChoice.Mode.AUTO;
            case NONE -> io.yuebing.library.ToolChoice.Mode.NONE;
            case REQUIRED -> io.yuebing.library.ToolChoice.Mode.REQUIRED;
            case null -> io.yuebing.library.ToolChoice.Mode.AUTO;
        };
    }

    /** Without a schema any object. */
    private static String schema(@Nullable JsonSchema schema) {
        return schema == null
                ? "{\"type\":\"object\"}"
                : Json.toJson(JsonSchemaElementUtils.toMap(schema.rootElement()));
    }

    private static <T> Request with(
            Request request, @Nullable T value, BiFunction<SamplingParams.Builder, T, SamplingParams.Builder> set) {
        return value == null ? request : request.sampling(sampling -> set.apply(sampling, value));
    }

    private static void refuseOtherModel(ChatRequest request, ModelInfo model) {
        if (request.modelName() != null && !request.modelName().equals(model.name())) {
            throw new UnsupportedFeatureException("There is no model " + request.modelName()
                    + " in this engine, which has " + model.name() + "; leave the model's name out.");
        }
    }

    private static Message message(ChatMessage message) {
        return switch (message) {
            case SystemMessage system -> Message.system(system.text());
            case UserMessage user -> Message.user(text(user.contents()));
            case AiMessage ai ->
                new Message(
                        "assistant",
                        ai.text() == null ? "" : ai.text(),
                        ai.toolExecutionRequests().stream()
                                .map(call ->
                                        new ToolCall(call.id() == null ? "" : call.id(), call.name(), call.arguments()))
                                .toList(),
                        Optional.empty());
            case ToolExecutionResultMessage result ->
                Message.tool(result.id() == null ? "" : result.id(), text(result.contents()));
            default ->
                throw new UnsupportedFeatureException("Messages of type " + message.type()
                        + " are not supported; send system, user, AI and tool messages.");
        };
    }

    private static String text(List<Content> contents) {
        StringJoiner text = new StringJoiner("\n");
        for (Content content : contents) {
            if (!(content instanceof TextContent part)) {
                throw new UnsupportedFeatureException(
                        "Content of type " + content.type() + " is not supported; this model reads only text.");
            }
            text.add(part.text());
        }
        return text.toString();
    }

    static ChatResponse response(Answer answer, ModelInfo model) {
        return ChatResponse.builder()
                .aiMessage(message(answer))
                .modelName(model.name())
                .tokenUsage(new TokenUsage(answer.promptTokens(), answer.generatedTokens()))
                .finishReason(reason(answer))
                .build();
    }

    private static AiMessage message(Answer answer) {
        List<ToolExecutionRequest> calls =
                answer.toolCalls().stream().map(Translation::call).toList();
        return AiMessage.builder()
                .text(answer.text().isEmpty() && !calls.isEmpty() ? null : answer.text())
                .thinking(answer.reasoning().isEmpty() ? null : answer.reasoning())
                .toolExecutionRequests(calls)
                .build();
    }

    static ToolExecutionRequest call(ToolCall call) {
        return ToolExecutionRequest.builder()
                .id(call.id())
                .name(call.name())
                .arguments(call.arguments())
                .build();
    }

    private static FinishReason reason(Answer answer) {
        return switch (answer.reason()) {
            case STOP -> answer.toolCalls().isEmpty() ? FinishReason.STOP : FinishReason.TOOL_EXECUTION;
            case LENGTH -> FinishReason.LENGTH;
            case REPETITION, HANDOFF, ABORT, ERROR -> FinishReason.OTHER;
        };
    }

    /** The failure as LangChain4j's retries know it. */
    static RuntimeException failure(ServiceException e) {
        String message = String.valueOf(e.getMessage());
        if (e.code() == ErrorCode.INVALID_REQUEST) {
            return new InvalidRequestException(message, e);
        }
        return e.code() == ErrorCode.OVERLOADED
                ? new RateLimitException(message, e)
                : new InternalServerException(message, e);
    }
}
