package io.yuebing.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
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
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import io.yuebing.api.ErrorCode;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.library.Answer;
import io.yuebing.library.Message;
import io.yuebing.library.Request;
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
        refuseUnsupported(request, model);
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
        return request.stopSequences() == null ? translated : translated.stop(request.stopSequences());
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

    private static void refuseUnsupported(ChatRequest request, ModelInfo model) {
        if (request.toolSpecifications() != null
                && !request.toolSpecifications().isEmpty()) {
            throw new UnsupportedFeatureException(
                    "Tools are not supported by the model in this process; serve it with `yuebing serve` to call tools.");
        }
        if (request.modelName() != null && !request.modelName().equals(model.name())) {
            throw new UnsupportedFeatureException("There is no model " + request.modelName()
                    + " in this engine, which has " + model.name() + "; leave the model's name out.");
        }
    }

    private static Message message(ChatMessage message) {
        if (message instanceof AiMessage ai && ai.hasToolExecutionRequests()) {
            throw new UnsupportedFeatureException("Messages with tool calls are not supported; leave them out.");
        }
        return switch (message) {
            case SystemMessage system -> Message.system(system.text());
            case UserMessage user -> Message.user(text(user));
            case AiMessage ai -> Message.assistant(ai.text() == null ? "" : ai.text());
            default ->
                throw new UnsupportedFeatureException("Messages of type " + message.type()
                        + " are not supported; send system, user and AI messages.");
        };
    }

    private static String text(UserMessage user) {
        StringJoiner text = new StringJoiner("\n");
        for (Content content : user.contents()) {
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
                .aiMessage(AiMessage.from(answer.text()))
                .modelName(model.name())
                .tokenUsage(new TokenUsage(answer.promptTokens(), answer.generatedTokens()))
                .finishReason(reason(answer))
                .build();
    }

    private static FinishReason reason(Answer answer) {
        return switch (answer.reason()) {
            case STOP -> FinishReason.STOP;
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
