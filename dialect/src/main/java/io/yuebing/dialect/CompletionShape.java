package io.yuebing.dialect;

import io.yuebing.dialect.ChoiceEvent.Piece;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The answer of {@code POST /v1/completions}. */
final class CompletionShape extends AnswerShape {
    private static final String OBJECT = "text_completion";

    CompletionShape(Ask ask, ServedModel model) {
        super(ask, model);
    }

    @Override
    Optional<ObjectNode> opening(ChoiceEvent.Started started) {
        if (!ask().format().returnTokenIds()) {
            return Optional.empty();
        }
        ObjectNode chunk = envelope(OBJECT);
        choice(chunk.putArray("choices"), started.sequence(), "")
                .set("prompt_token_ids", ids(started.sequence().prompt().tokens()));
        return Optional.of(chunk);
    }

    @Override
    List<ObjectNode> deltas(ChoiceEvent.Delta delta) {
        ObjectNode chunk = envelope(OBJECT);
        ObjectNode choice = choice(chunk.putArray("choices"), delta.sequence(), delta.text());
        if (ask().format().logprobs() >= 0 && !delta.tokens().isEmpty()) {
            choice.set("logprobs", logprobs().completions(delta.tokens()));
        }
        if (ask().format().returnTokenIds() && !delta.echoed()) {
            choice.set("token_ids", ids(delta.tokens().stream().map(Piece::id).toList()));
        }
        return List.of(chunk);
    }

    @Override
    ObjectNode closing(ChoiceEvent.Ended ended) {
        ObjectNode chunk = envelope(OBJECT);
        finish(choice(chunk.putArray("choices"), ended.sequence(), ""), ended);
        putKvTransfer(chunk, ended);
        return chunk;
    }

    @Override
    ObjectNode empty() {
        ObjectNode chunk = envelope(OBJECT);
        chunk.putArray("choices");
        return chunk;
    }

    @Override
    ObjectNode whole(List<FinishedChoice> choices, Usage usage) {
        ObjectNode body = envelope(OBJECT);
        ArrayNode array = body.putArray("choices");
        for (FinishedChoice finished : choices) {
            Sequence sequence = finished.ended().sequence();
            ObjectNode choice = choice(array, sequence, finished.text());
            if (ask().format().logprobs() >= 0) {
                choice.set("logprobs", logprobs().completions(finished.pieces()));
            }
            finish(choice, finished.ended());
            if (ask().promptLogprobs() >= 0) {
                choice.set("prompt_logprobs", logprobs().prompt(finished.promptLogprobs()));
            }
            if (ask().format().returnTokenIds()) {
                choice.set("token_ids", ids(finished.generatedIds()));
                choice.set("prompt_token_ids", ids(sequence.prompt().tokens()));
            }
            putKvTransfer(body, finished.ended());
        }
        body.set("usage", usage.json());
        return body;
    }

    private static ObjectNode choice(ArrayNode choices, Sequence sequence, String text) {
        return choices.addObject()
                .put("index", sequence.index())
                .put("text", text)
                .putNull("logprobs")
                .putNull("finish_reason")
                .putNull("stop_reason");
    }

    private static void finish(ObjectNode choice, ChoiceEvent.Ended ended) {
        choice.put("finish_reason", finishReason(ended));
        choice.set("stop_reason", stopReason(ended));
    }
}
