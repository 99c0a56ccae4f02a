package io.yuebing.springai;

import io.yuebing.library.Engine;
import io.yuebing.library.Generation;
import io.yuebing.library.Request;
import java.util.function.UnaryOperator;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Spring AI's {@link ChatModel} on an engine in this process.
 *
 * <p>It takes text messages, the portable {@link ChatOptions}, tools and an output schema. It does not run the tools: that is what
 * {@code ChatClient} or your program does. Media are refused with {@link UnsupportedOperationException}. The engine stays the caller's and must outlive the model: declare it as a bean, whose
 * {@code close} Spring calls.
 */
public final class YuebingChatModel implements ChatModel {
    private final Engine engine;
    private final ChatOptions defaults;
    private final UnaryOperator<Request> change;

    /** A model with the sampling defaults of the engine's model. */
    public YuebingChatModel(Engine engine) {
        this(
                engine,
                ToolCallingChatOptions.builder().model(engine.info().name()).build());
    }

    /** A model with other defaults; what they leave open, the engine's model decides. */
    public YuebingChatModel(Engine engine, ChatOptions defaults) {
        this(engine, defaults, request -> request);
    }

    /** A model whose requests are changed last in what Spring AI's options do not have, such as the tool choice. */
    public YuebingChatModel(Engine engine, ChatOptions defaults, UnaryOperator<Request> change) {
        this.engine = engine;
        this.defaults = defaults;
        this.change = change;
    }

    @Override
    public ChatOptions getOptions() {
        return defaults;
    }

    @Override
    public ChatResponse call(Prompt prompt) {
        try (Generation generation = engine.generate(request(prompt))) {
            return Translation.response(generation.answer(), engine.info());
        }
    }

    /** One response for each piece of text, and a last one with tool calls, thoughts, the reason of the end and the usage. Cancelling ends it. */
    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
        Request request = request(prompt);
        return Flux.using(() -> engine.generate(request), this::responses, Generation::close)
                .subscribeOn(Schedulers.boundedElastic());
    }

    private Request request(Prompt prompt) {
        return change.apply(Translation.request(prompt, defaults, engine.info()));
    }

    private Flux<ChatResponse> responses(Generation generation) {
        return Flux.fromIterable(generation)
                .filter(piece -> !piece.text().isEmpty())
                .map(piece -> Translation.delta(piece.text(), engine.info()))
                .concatWith(Mono.fromSupplier(() -> Translation.end(generation.answer(), engine.info())));
    }
}
