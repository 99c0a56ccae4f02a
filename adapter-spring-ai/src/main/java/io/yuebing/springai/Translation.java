package io.yuebing.springai;

import io.yuebing.api.ModelInfo;
import io.yuebing.api.SamplingParams;
import io.yuebing.library.Answer;
import io.yuebing.library.Request;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.tool.ToolCallback;

/** Tells Spring AI's prompts to the library, and the library's answers to Spring AI. */
final class Translation {
    private Translation() {}

    /**
     * The same request in the library's words; options of the prompt go before {@code defaults}.
     *
     * @throws UnsupportedOperationException if it asks for what a text model in this process does not do
     */
    static Request request(Prompt prompt, ChatOptions defaults, ModelInfo model) {
        ChatOptions options = prompt.getOptions() == null ? defaults : prompt.getOptions();
        refuseUnsupported(options, model);
        Request request = Request.chat(
                prompt.getInstructions().stream().map(Translation::message).toList());
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

    private static void refuseUnsupported(ChatOptions options, ModelInfo model) {
        if (options instanceof ToolCallingChatOptions tools && hasTools(tools)) {
            throw new UnsupportedOperationException(
                    "Tools are not supported by the model in this process; serve it with `yuebing serve` to call tools.");
        }
        if (options.getModel() != null && !options.getModel().equals(model.name())) {
            throw new UnsupportedOperationException("There is no model " + options.getModel()
                    + " in this engine, which has " + model.name() + "; leave the model's name out.");
        }
    }

    private static boolean hasTools(ToolCallingChatOptions options) {
        List<ToolCallback> tools = options.getToolCallbacks();
        return tools != null && !tools.isEmpty();
    }

    private static io.yuebing.library.Message message(Message message) {
        boolean media = message instanceof UserMessage user && !user.getMedia().isEmpty();
        boolean calls = message instanceof AssistantMessage assistant && assistant.hasToolCalls();
        String text = message.getText() == null ? "" : message.getText();
        if (media || calls) {
            throw new UnsupportedOperationException("A message of type " + message.getMessageType() + " has "
                    + (media ? "media" : "tool calls") + "; this model reads only text.");
        }
        return switch (message.getMessageType()) {
            case SYSTEM -> io.yuebing.library.Message.system(text);
            case USER -> io.yuebing.library.Message.user(text);
            case ASSISTANT -> io.yuebing.library.Message.assistant(text);
            case TOOL ->
                throw new UnsupportedOperationException(
                        "Messages of type TOOL are not supported; send system, user and assistant messages.");
        };
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

    /** The end of an answer whose text has been delivered. */
    static ChatResponse end(Answer answer, ModelInfo model) {
        return response("", answer, model);
    }

    private static ChatResponse response(String text, Answer answer, ModelInfo model) {
        ChatGenerationMetadata end = ChatGenerationMetadata.builder()
                .finishReason(answer.reason().name())
                .build();
        return new ChatResponse(
                List.of(new Generation(new AssistantMessage(text), end)),
                ChatResponseMetadata.builder()
                        .model(model.name())
                        .usage(new DefaultUsage(answer.promptTokens(), answer.generatedTokens()))
                        .build());
    }
}
