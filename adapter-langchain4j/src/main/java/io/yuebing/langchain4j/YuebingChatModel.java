package io.yuebing.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import io.yuebing.api.ServiceException;
import io.yuebing.library.Engine;
import io.yuebing.library.Generation;

/**
 * LangChain4j's {@link ChatModel} on an engine in this process.
 *
 * <p>It takes text messages and the usual sampling parameters. Tools, images and JSON formats are refused with
 * {@link dev.langchain4j.exception.UnsupportedFeatureException}. The engine stays the caller's and must outlive the model.
 */
public final class YuebingChatModel implements ChatModel {
    private final Engine engine;
    private final ChatRequestParameters defaults;

    /** A model with the sampling defaults of the engine's model. */
    public YuebingChatModel(Engine engine) {
        this(engine, ChatRequestParameters.builder().build());
    }

    /** A model with other defaults; what they leave open, the engine's model decides. */
    public YuebingChatModel(Engine engine, ChatRequestParameters defaults) {
        this.engine = engine;
        this.defaults = defaults;
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return defaults;
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        try (Generation generation = engine.generate(Translation.request(request, engine.info()))) {
            return Translation.response(generation.answer(), engine.info());
        } catch (ServiceException e) {
            throw Translation.failure(e);
        }
    }
}
