package io.yuebing.dialect;

import io.yuebing.dialect.ChoiceEvent.Piece;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The answer of {@code POST /v1/chat/completions}. */
final class ChatShape extends AnswerShape {
    private static final String CHUNK = "chat.completion.chunk";

    ChatShape(Ask ask, ServedModel model) {
        super(ask, model);
    }

    @Override
    Optional<ObjectNode> opening(ChoiceEvent.Started started) {
        ObjectNode chunk = envelope(CHUNK);
        ObjectNode choice = choice(chunk.putArray("choices"), started.sequence());
        choice.putObject("delta").put("role", "assistant").put("content", "");
        choice.putNull("logprobs").putNull("finish_reason");
        if (ask().format().returnTokenIds()) {
            chunk.set("prompt_token_ids", ids(started.sequence().prompt().tokens()));
        }
        return Optional.of(chunk);
    }

    @Override
    ObjectNode delta(ChoiceEvent.Delta delta) {
        ObjectNode chunk = envelope(CHUNK);
        ObjectNode choice = choice(chunk.putArray("choices"), delta.sequence());
        choice.putObject("delta").put("content", delta.text());
        choice.putNull("logprobs").putNull("finish_reason");
        if (ask().format().logprobs() >= 0 && !delta.tokens().isEmpty()) {
            choice.set("logprobs", logprobs().chat(delta.tokens()));
        }
        if (ask().format().returnTokenIds()) {
            choice.set("token_ids", ids(delta.tokens().stream().map(Piece::id).toList()));
        }
        return chunk;
    }

    @Override
    ObjectNode closing(ChoiceEvent.Ended ended) {
        ObjectNode chunk = envelope(CHUNK);
        ObjectNode choice = choice(chunk.putArray("choices"), ended.sequence());
        choice.putObject("delta");
        choice.putNull("logprobs").put("finish_reason", finishReason(ended));
        choice.set("stop_reason", stopReason(ended));
        putKvTransfer(chunk, ended);
        return chunk;
    }

    @Override
    ObjectNode empty() {
        ObjectNode chunk = envelope(CHUNK);
        chunk.putArray("choices");
        return chunk;
    }

    @Override
    ObjectNode whole(List<FinishedChoice> choices, Usage usage) {
        ObjectNode body = envelope("chat.completion");
        ArrayNode array = body.putArray("choices");
        for (FinishedChoice finished : choices) {
            ObjectNode choice = choice(array, finished.ended().sequence());
            choice.putObject("message")
                    .put("role", "assistant")
                    .put("content", finished.text())
                    .putNull("refusal");
            choice.putNull("logprobs");
            if (ask().format().logprobs() >= 0) {
                choice.set("logprobs", logprobs().chat(finished.pieces()));
            }
            choice.put("finish_reason", finishReason(finished.ended()));
            choice.set("stop_reason", stopReason(finished.ended()));
            if (ask().format().returnTokenIds()) {
                choice.set("token_ids", ids(finished.generatedIds()));
            }
            putKvTransfer(body, finished.ended());
        }
        body.set("usage", usage.json());
        // a chat has one prompt, so what concerns it stands beside the choices
        if (ask().promptLogprobs() >= 0) {
            body.set("prompt_logprobs", logprobs().prompt(choices.getFirst().promptLogprobs()));
        }
        if (ask().format().returnTokenIds()) {
            body.set("prompt_token_ids", ids(ask().prompts().getFirst().tokens()));
        }
        return body;
    }

    private static ObjectNode choice(ArrayNode choices, Sequence sequence) {
        return choices.addObject().put("index", sequence.index());
    }
}
