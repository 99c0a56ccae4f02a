package io.yuebing.langchain4j;

import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialThinkingContext;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.PartialToolCallContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import io.yuebing.answer.AnswerPart;
import io.yuebing.answer.ToolCall;
import org.jspecify.annotations.Nullable;

/** Calls a handler with the parts of one answer; a call is complete when the next one begins or the answer ends. */
final class PartsDelivery {
    private final StreamingChatResponseHandler handler;
    private final StreamingHandle handle;
    private final StringBuilder arguments = new StringBuilder();
    private AnswerPart.@Nullable CallStart current;

    PartsDelivery(StreamingChatResponseHandler handler, StreamingHandle handle) {
        this.handler = handler;
        this.handle = handle;
    }

    void accept(AnswerPart part) {
        switch (part) {
            case AnswerPart.Content content ->
                handler.onPartialResponse(new PartialResponse(content.text()), new PartialResponseContext(handle));
            case AnswerPart.Reasoning thoughts ->
                handler.onPartialThinking(new PartialThinking(thoughts.text()), new PartialThinkingContext(handle));
            case AnswerPart.CallStart call -> {
                finish();
                current = call;
            }
            case AnswerPart.CallArguments more -> arguments(more);
        }
    }

    private void arguments(AnswerPart.CallArguments more) {
        AnswerPart.CallStart call = current;
        if (call == null) {
            throw new IllegalStateException("arguments before the call that they belong to: " + more);
        }
        arguments.append(more.json());
        handler.onPartialToolCall(
                PartialToolCall.builder()
                        .index(call.index())
                        .id(call.id())
                        .name(call.name())
                        .partialArguments(more.json())
                        .build(),
                new PartialToolCallContext(handle));
    }

    /** Ends the call that is open, if any. */
    void finish() {
        AnswerPart.CallStart call = current;
        if (call != null) {
            current = null;
            ToolCall whole = new ToolCall(call.id(), call.name(), arguments.toString());
            arguments.setLength(0);
            handler.onCompleteToolCall(new CompleteToolCall(call.index(), Translation.call(whole)));
        }
    }
}
