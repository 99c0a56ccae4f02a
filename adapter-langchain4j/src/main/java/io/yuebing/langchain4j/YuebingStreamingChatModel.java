package io.yuebing.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import io.yuebing.answer.AnswerPart;
import io.yuebing.api.ServiceException;
import io.yuebing.library.Engine;
import io.yuebing.library.Generation;
import io.yuebing.library.Piece;
import io.yuebing.library.Request;
import java.util.function.UnaryOperator;

/**
 * LangChain4j's {@link StreamingChatModel} on an engine in this process.
 *
 * <p>A virtual thread of its own calls the handler of each request; cancelling through the handler's context ends the
 * generation, and the handler hears no more of it. What is refused is the same as by {@link YuebingChatModel}.
 */
public final class YuebingStreamingChatModel implements StreamingChatModel {
    private final Engine engine;
    private final ChatRequestParameters defaults;
    private final UnaryOperator<Request> change;

    /** A model with the sampling defaults of the engine's model. */
    public YuebingStreamingChatModel(Engine engine) {
        this(engine, ChatRequestParameters.builder().build());
    }

    /** A model with other defaults; what they leave open, the engine's model decides. */
    public YuebingStreamingChatModel(Engine engine, ChatRequestParameters defaults) {
        this(engine, defaults, request -> request);
    }

    /** A model whose requests are changed last in what LangChain4j's do not have, such as a limit of thoughts. */
    public YuebingStreamingChatModel(Engine engine, ChatRequestParameters defaults, UnaryOperator<Request> change) {
        this.engine = engine;
        this.defaults = defaults;
        this.change = change;
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return defaults;
    }

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        Request translated = change.apply(Translation.request(request, engine.info()));
        Thread.ofVirtual().name("yuebing-chat").start(() -> {
            try {
                deliver(translated, handler);
            } catch (ServiceException e) {
                handler.onError(Translation.failure(e));
            } catch (RuntimeException e) {
                handler.onError(e);
            }
        });
    }

    private void deliver(Request request, StreamingChatResponseHandler handler) {
        try (Generation generation = engine.generate(request)) {
            Handle handle = new Handle(generation);
            PartsDelivery delivery = new PartsDelivery(handler, handle);
            for (Piece piece : generation) {
                for (AnswerPart part : piece.parts()) {
                    if (handle.isCancelled()) {
                        return;
                    }
                    delivery.accept(part);
                }
            }
            if (!handle.isCancelled()) {
                delivery.finish();
            }
            if (!handle.isCancelled()) {
                handler.onCompleteResponse(Translation.response(generation.answer(), engine.info()));
            }
        }
    }

    /** Cancels a generation; any thread may ask for it. */
    private static final class Handle implements StreamingHandle {
        private final Generation generation;
        private volatile boolean cancelled;

        Handle(Generation generation) {
            this.generation = generation;
        }

        @Override
        public void cancel() {
            cancelled = true;
            generation.close();
        }

        @Override
        public boolean isCancelled() {
            return cancelled;
        }
    }
}
