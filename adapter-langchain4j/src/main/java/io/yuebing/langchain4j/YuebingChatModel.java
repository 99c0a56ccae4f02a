package io.yuebing.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import io.yuebing.api.ServiceException;
import io.yuebing.library.Engine;
import io.yuebing.library.Generation;
import io.yuebing.library.Request;
import java.util.function.UnaryOperator;

/**
 * LangChain4j's {@link ChatModel} on an engine in this process.
 *
 * <p>It takes text messages, tools, response formats and the usual sampling parameters, and tells thoughts and tool calls from
 * text. Images and sound are refused with {@link dev.langchain4j.exception.UnsupportedFeatureException}. The engine stays the caller's and must outlive the model.
 */
public final class YuebingChatModel implements ChatModel {
    private final Engine engine;
    private final ChatRequestParameters defaults;
    private final UnaryOperator<Request> change;

    /** A model with the sampling defaults of the engine's model. */
    public YuebingChatModel(Engine engine) {
        this(engine, ChatRequestParameters.builder().build());
    }

    /** A model with other defaults; what they leave open, the engine's model decides. */
    public YuebingChatModel(Engine engine, ChatRequestParameters defaults) {
        this(engine, defaults, request -> request);
    }

    /** A model whose requests are changed last in what LangChain4j's do not have, such as a limit of thoughts. */
    public YuebingChatModel(Engine engine, ChatRequestParameters defaults, UnaryOperator<Request> change) {
        this.engine = engine;
        this.defaults = defaults;
        this.change = change;
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return defaults;
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        try (Generation generation = engine.generate(change.apply(Translation.request(request, engine.info())))) {
            return Translation.response(generation.answer(), engine.info());
        } catch (ServiceException e) {
            throw Translation.failure(e);
        }
    }
}
