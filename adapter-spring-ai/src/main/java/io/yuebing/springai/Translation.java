package io.yuebing.springai;

import io.yuebing.answer.ToolCall;
import io.yuebing.api.FinishReason;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.SamplingParams;
import io.yuebing.library.Answer;
import io.yuebing.library.Request;
import io.yuebing.library.Tool;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.tool.ToolCallback;

/** Tells Spring AI's prompts to the library, and the library's answers to Spring AI. */
final class Translation {
    /** Where Spring AI's own models put thoughts among the properties of a message. */
    private static final String REASONING = "reasoningContent";

    private Translation() {}

    /**
     * The same request in the library's words; options of the prompt go before {@code defaults}.
     *
     * @throws UnsupportedOperationException if it asks for what a text model in this process does not do
     */
    static Request request(Prompt prompt, ChatOptions defaults, ModelInfo model) {
        ChatOptions options = prompt.getOptions() == null ? defaults : prompt.getOptions();
        refuseOtherModel(options, model);
        Request request = Request.chat(
                prompt.getInstructions().stream().flatMap(Translation::messages).toList());
        request = with(
                request, either(options, defaults, ChatOptions::getTemperature), SamplingParams.Builder::temperature);
        request = with(request, either(options, defaults, ChatOptions::getTopP), SamplingParams.Builder::topP);
        request = with(request, either(options, defaults, ChatOptions::getTopK), SamplingParams.Builder::topK);
        request = with(
                request,
                either(options, defaults, ChatOptions::getFrequencyPenalty),
                SamplingParams.Builder::frequencyPenalty);
        request = with(
                request,
                either(options, defaults, ChatOptions::getPresencePenalty),
                SamplingParams.Builder::presencePenalty);
        request =
                with(request, either(options, defaults, ChatOptions::getMaxTokens), SamplingParams.Builder::maxTokens);
        request = request.tools(tools(options, defaults));
        String schema = schema(options, defaults);
        request = schema == null ? request : request.jsonSchema(schema);
        List<String> stop = either(options, defaults, ChatOptions::getStopSequences);
        return stop == null ? request : request.stop(stop);
    }

    private static <T> @Nullable T either(
            ChatOptions options, ChatOptions defaults, Function<ChatOptions, @Nullable T> field) {
        T own = field.apply(options);
        return own != null ? own : field.apply(defaults);
    }

    private static <T> Request with(
            Request request, @Nullable T value, BiFunction<SamplingParams.Builder, T, SamplingParams.Builder> set) {
        return value == null ? request : request.sampling(sampling -> set.apply(sampling, value));
    }

    private static List<Tool> tools(ChatOptions options, ChatOptions defaults) {
        List<Tool> own = tools(options);
        return own.isEmpty() ? tools(defaults) : own;
    }

    private static List<Tool> tools(ChatOptions options) {
        if (!(options instanceof ToolCallingChatOptions calling) || calling.getToolCallbacks() == null) {
            return List.of();
        }
        return calling.getToolCallbacks().stream()
                .map(ToolCallback::getToolDefinition)
                .map(tool -> new Tool(tool.name(), tool.description(), tool.inputSchema(), false))
                .toList();
    }

    private static @Nullable String schema(ChatOptions options, ChatOptions defaults) {
        return either(
                options,
                defaults,
                one -> one instanceof StructuredOutputChatOptions structured ? structured.getOutputSchema() : null);
    }

    private static void refuseOtherModel(ChatOptions options, ModelInfo model) {
        if (options.getModel() != null && !options.getModel().equals(model.name())) {
            throw new UnsupportedOperationException("There is no model " + options.getModel()
                    + " in this engine, which has " + model.name() + "; leave the model's name out.");
        }
    }

    /** A message with the results of several calls is one message for each in a chat template. */
    private static Stream<io.yuebing.library.Message> messages(Message message) {
        String text = message.getText() == null ? "" : message.getText();
        return switch (message) {
            case UserMessage user
            when !user.getMedia().isEmpty() ->
                throw new UnsupportedOperationException(
                        "A message of type " + message.getMessageType() + " has media; this model reads only text.");
            case AssistantMessage assistant ->
                Stream.of(new io.yuebing.library.Message("assistant", text, calls(assistant), Optional.empty()));
            case ToolResponseMessage results ->
                results.getResponses().stream()
                        .map(result -> io.yuebing.library.Message.tool(result.id(), result.responseData()));
            default ->
                Stream.of(
                        new io.yuebing.library.Message(message.getMessageType().getValue(), text));
        };
    }

    private static List<ToolCall> calls(AssistantMessage message) {
        return message.getToolCalls().stream()
                .map(call -> new ToolCall(call.id(), call.name(), call.arguments()))
                .toList();
    }

    /** All of an answer. */
    static ChatResponse response(Answer answer, ModelInfo model) {
        return response(answer.text(), answer, model);
    }

    /** A part of an answer that goes on. */
    static ChatResponse delta(String text, ModelInfo model) {
        return new ChatResponse(
                List.of(new Generation(new AssistantMessage(text))),
                ChatResponseMetadata.builder().model(model.name()).build());
    }

    /** The end of an answer whose text has been delivered: tool calls, thoughts, reason and usage. */
    static ChatResponse end(Answer answer, ModelInfo model) {
        return response("", answer, model);
    }

    private static ChatResponse response(String text, Answer answer, ModelInfo model) {
        boolean calls =
                answer.reason() == FinishReason.STOP && !answer.toolCalls().isEmpty();
        ChatGenerationMetadata end = ChatGenerationMetadata.builder()
                .finishReason(calls ? "TOOL_CALLS" : answer.reason().name())
                .build();
        AssistantMessage message = AssistantMessage.builder()
                .content(text)
                .properties(answer.reasoning().isEmpty() ? Map.of() : Map.of(REASONING, answer.reasoning()))
                .toolCalls(answer.toolCalls().stream()
                        .map(call ->
                                new AssistantMessage.ToolCall(call.id(), "function", call.name(), call.arguments()))
                        .toList())
                .build();
        return new ChatResponse(
                List.of(new Generation(message, end)),
                ChatResponseMetadata.builder()
                        .model(model.name())
                        .usage(new DefaultUsage(answer.promptTokens(), answer.generatedTokens()))
                        .build());
    }
}
