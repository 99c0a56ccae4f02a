package io.yuebing.library;

import io.yuebing.api.OutputConstraint;
import io.yuebing.api.SamplingParams;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/**
 * What to generate.
 *
 * <p>Everything but the prompt has a default: the model's own sampling parameters, a random seed, as many tokens as fit into
 * the context. Requests do not change; each method gives another one.
 *
 * <pre>{@code
 * Request.chat(Message.user("What is 7 + 5?")).temperature(0).maxTokens(100)
 * }</pre>
 */
public final class Request {
    private final Prompt prompt;
    private final UnaryOperator<SamplingParams.Builder> sampling;
    private final List<String> stop;
    private final Optional<OutputConstraint> constraint;
    private final ToolUse toolUse;
    private final OptionalInt thinkingTokens;

    private Request(
            Prompt prompt,
            UnaryOperator<SamplingParams.Builder> sampling,
            List<String> stop,
            Optional<OutputConstraint> constraint,
            ToolUse toolUse,
            OptionalInt thinkingTokens) {
        this.prompt = prompt;
        this.sampling = sampling;
        this.stop = stop;
        this.constraint = constraint;
        this.toolUse = toolUse;
        this.thinkingTokens = thinkingTokens;
    }

    /** What a generation begins with. */
    sealed interface Prompt {
        record Text(String text) implements Prompt {}

        record Chat(List<Message> messages, Map<String, Object> templateArguments) implements Prompt {
            public Chat {
                messages = List.copyOf(messages);
                templateArguments = Map.copyOf(templateArguments);
            }
        }

        @SuppressWarnings("ArrayRecordComponent") // never compared
        record Tokens(int[] ids) implements Prompt {}
    }

    /** Continues a text. Special tokens that the model expects around a text, such as BOS, are added. */
    public static Request prompt(String text) {
        return of(new Prompt.Text(text));
    }

    /** Answers a chat, which the model's own template turns into a prompt. */
    public static Request chat(Message... messages) {
        return chat(List.of(messages));
    }

    /** Answers a chat, which the model's own template turns into a prompt. */
    public static Request chat(List<Message> messages) {
        return of(new Prompt.Chat(messages, Map.of()));
    }

    /** Continues token ids as they are; {@link Engine#tokenizer()} makes some of text. */
    public static Request tokens(int... ids) {
        return of(new Prompt.Tokens(ids.clone()));
    }

    private static Request of(Prompt prompt) {
        return new Request(prompt, builder -> builder, List.of(), Optional.empty(), ToolUse.NONE, OptionalInt.empty());
    }

    /**
     * Further variables for the chat template, such as {@code enable_thinking}; only for chats.
     *
     * @throws IllegalStateException if this is no chat
     */
    public Request templateArguments(Map<String, Object> arguments) {
        Prompt.Chat changed = new Prompt.Chat(requireChat("a template").messages(), arguments);
        return new Request(changed, sampling, stop, constraint, toolUse, thinkingTokens);
    }

    /** Most tokens to generate, at least 1. */
    public Request maxTokens(int value) {
        return sampling(builder -> builder.maxTokens(value));
    }

    /** 0 takes the most likely token each time; up to 2. */
    public Request temperature(double value) {
        return sampling(builder -> builder.temperature(value));
    }

    /** Samples among the most likely tokens that have this probability together, in (0, 1]. */
    public Request topP(double value) {
        return sampling(builder -> builder.topP(value));
    }

    /** Samples among so many of the most likely tokens; 0 = all. */
    public Request topK(int value) {
        return sampling(builder -> builder.topK(value));
    }

    /** The same request with the same seed gives the same tokens. */
    public Request seed(long value) {
        return sampling(builder -> builder.seed(value));
    }

    /** Any other parameter: {@code request.sampling(s -> s.logprobs(3).ignoreEos(true))}. */
    public Request sampling(UnaryOperator<SamplingParams.Builder> change) {
        return new Request(
                prompt, builder -> change.apply(sampling.apply(builder)), stop, constraint, toolUse, thinkingTokens);
    }

    /**
     * Texts that end the generation and are not part of the answer.
     *
     * @throws IllegalArgumentException if one is empty
     */
    public Request stop(String... texts) {
        return stop(List.of(texts));
    }

    /** The same as {@link #stop(String...)}. */
    public Request stop(List<String> texts) {
        if (texts.contains("")) {
            throw new IllegalArgumentException("a stop string must not be empty");
        }
        return new Request(prompt, sampling, List.copyOf(texts), constraint, toolUse, thinkingTokens);
    }

    /**
     * Holds the answer to a JSON schema; {@code {"type": "object"}} for any object. docs/STRUCTURED_OUTPUT.md lists the
     * keywords.
     */
    public Request jsonSchema(String schema) {
        return constraint(new OutputConstraint(OutputConstraint.Kind.JSON, schema));
    }

    /**
     * Holds the answer to a schema, a regular expression, one of some choices or a grammar, from its first token on, or from the
     * end of its thoughts.
     */
    public Request constraint(OutputConstraint value) {
        return new Request(prompt, sampling, stop, Optional.of(value), toolUse, thinkingTokens);
    }

    /**
     * Functions that the model may call; {@link Answer#toolCalls()} has the calls.
     *
     * @throws IllegalStateException if this is no chat
     */
    public Request tools(Tool... tools) {
        return tools(List.of(tools));
    }

    /** The same as {@link #tools(Tool...)}. */
    public Request tools(List<Tool> tools) {
        return with(new ToolUse(tools, toolUse.choice(), toolUse.parallelCalls()));
    }

    /** Whether the answer calls tools; by default the model decides. */
    public Request toolChoice(ToolChoice choice) {
        return with(new ToolUse(toolUse.tools(), choice, toolUse.parallelCalls()));
    }

    /** Whether the answer may have more than one call; by default it may. */
    public Request parallelToolCalls(boolean allowed) {
        return with(new ToolUse(toolUse.tools(), toolUse.choice(), allowed));
    }

    private Request with(ToolUse use) {
        return new Request(requireChat("tools"), sampling, stop, constraint, use, thinkingTokens);
    }

    /**
     * Most tokens of thoughts, at least 0; after them the answer begins.
     *
     * @throws IllegalStateException if this is no chat
     */
    public Request thinkingTokens(int most) {
        return new Request(requireChat("thoughts"), sampling, stop, constraint, toolUse, OptionalInt.of(most));
    }

    private Prompt.Chat requireChat(String what) {
        if (!(prompt instanceof Prompt.Chat chat)) {
            throw new IllegalStateException("only a chat has " + what + "; begin with Request.chat");
        }
        return chat;
    }

    ToolUse toolUse() {
        return toolUse;
    }

    OptionalInt thinkingTokens() {
        return thinkingTokens;
    }

    Optional<OutputConstraint> constraint() {
        return constraint;
    }

    Prompt prompt() {
        return prompt;
    }

    List<String> stop() {
        return stop;
    }

    /** The sampling parameters, beginning with those of the engine. */
    SamplingParams sampling(SamplingParams.Builder defaults) {
        return sampling.apply(defaults).build().validate();
    }
}
