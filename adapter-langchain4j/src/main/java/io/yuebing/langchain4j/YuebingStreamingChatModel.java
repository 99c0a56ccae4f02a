package io.yuebing.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import io.yuebing.api.ServiceException;
import io.yuebing.library.Engine;
import io.yuebing.library.Generation;
import io.yuebing.library.Piece;
import io.yuebing.library.Request;

/**
 * LangChain4j's {@link StreamingChatModel} on an engine in this process.
 *
 * <p>A virtual thread of its own calls the handler of each request; cancelling through the handler's context ends the
 * generation, and the handler hears no more of it. What is refused is the same as by {@link YuebingChatModel}.
 */
public final class YuebingStreamingChatModel implements StreamingChatModel {
    private final Engine engine;
    private final ChatRequestParameters defaults;

    /** A model with the sampling defaults of the engine's model. */
    public YuebingStreamingChatModel(Engine engine) {
        this(engine, ChatRequestParameters.builder().build());
    }

    /** A model with other defaults; what they leave open, the engine's model decides. */
    public YuebingStreamingChatModel(Engine engine, ChatRequestParameters defaults) {
        this.engine = engine;
        this.defaults = defaults;
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return defaults;
    }

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        Request translated = Translation.request(request, engine.info());
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
            PartialResponseContext context = new PartialResponseContext(handle);
            for (Piece piece : generation) {
                if (handle.isCancelled()) {
                    return;
                }
                if (!piece.text().isEmpty()) {
                    handler.onPartialResponse(new PartialResponse(piece.text()), context);
                }
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
