package io.yuebing.springai;

import io.yuebing.library.Engine;
import io.yuebing.library.Generation;
import io.yuebing.library.Request;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Spring AI's {@link ChatModel} on an engine in this process.
 *
 * <p>It takes text messages and the portable {@link ChatOptions}; tools and media are refused with
 * {@link UnsupportedOperationException}. The engine stays the caller's and must outlive the model: declare it as a bean, whose
 * {@code close} Spring calls.
 */
public final class YuebingChatModel implements ChatModel {
    private final Engine engine;
    private final ChatOptions defaults;

    /** A model with the sampling defaults of the engine's model. */
    public YuebingChatModel(Engine engine) {
        this(engine, ChatOptions.builder().model(engine.info().name()).build());
    }

    /** A model with other defaults; what they leave open, the engine's model decides. */
    public YuebingChatModel(Engine engine, ChatOptions defaults) {
        this.engine = engine;
        this.defaults = defaults;
    }

    @Override
    public ChatOptions getOptions() {
        return defaults;
    }

    @Override
    public ChatResponse call(Prompt prompt) {
        try (Generation generation = engine.generate(Translation.request(prompt, defaults, engine.info()))) {
            return Translation.response(generation.answer(), engine.info());
        }
    }

    /** One response for each piece of text, and a last one with the reason of the end and the usage. Cancelling ends it. */
    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
        Request request = Translation.request(prompt, defaults, engine.info());
        return Flux.using(() -> engine.generate(request), this::responses, Generation::close)
                .subscribeOn(Schedulers.boundedElastic());
    }

    private Flux<ChatResponse> responses(Generation generation) {
        return Flux.fromIterable(generation)
                .filter(piece -> !piece.text().isEmpty())
                .map(piece -> Translation.delta(piece.text(), engine.info()))
                .concatWith(Mono.fromSupplier(() -> Translation.end(generation.answer(), engine.info())));
    }
}
