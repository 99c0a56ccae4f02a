package io.yuebing.dialect;

import io.yuebing.api.FinishReason;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** How the answer to one request looks as JSON: whole, or as the chunks of a stream. */
abstract class AnswerShape {
    private final Ask ask;
    private final LogprobsJson logprobs;

    AnswerShape(Ask ask, ServedModel model) {
        this.ask = ask;
        this.logprobs = new LogprobsJson(model.tokenizer(), ask.format());
    }

    /** The chunk that opens a choice, if this shape has one. */
    abstract Optional<ObjectNode> opening(ChoiceEvent.Started started);

    /** The chunks that tell a delta, at least one. */
    abstract List<ObjectNode> deltas(ChoiceEvent.Delta delta);

    abstract ObjectNode closing(ChoiceEvent.Ended ended);

    abstract ObjectNode whole(List<FinishedChoice> choices, Usage usage);

    /** A chunk without choices, for the usage of a stream. */
    abstract ObjectNode empty();

    final Ask ask() {
        return ask;
    }

    final LogprobsJson logprobs() {
        return logprobs;
    }

    final ObjectNode envelope(String object) {
        return Json.object()
                .put("id", ask.id())
                .put("object", object)
                .put("created", ask.createdSeconds())
                .put("model", ask.modelName());
    }

    /** A hand-off is told as {@code length}: to clients of this API the prefill node was asked for one token. */
    static String finishReason(ChoiceEvent.Ended ended) {
        return switch (ended.reason()) {
            case STOP -> ended.callsTools() ? "tool_calls" : "stop";
            case LENGTH, HANDOFF -> "length";
            case REPETITION, ABORT, ERROR -> ended.reason().wireName();
        };
    }

    static JsonNode stopReason(ChoiceEvent.Ended ended) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        if (ended.stopString().isPresent()) {
            return nodes.stringNode(ended.stopString().get());
        }
        if (ended.reason() == FinishReason.REPETITION) {
            return nodes.stringNode("repetition_detected");
        }
        return ended.stopTokenId().isPresent()
                ? nodes.numberNode(ended.stopTokenId().getAsInt())
                : nodes.nullNode();
    }

    /** Tells whoever relays the request where the first prompt's KV cache has gone, or where it is kept. */
    static void putKvTransfer(ObjectNode body, ChoiceEvent.Ended ended) {
        if (ended.sequence().index() != 0) {
            return;
        }
        ended.kept().ifPresent(kept -> body.set("kv_transfer_params", WireFormat.kvPull(kept)));
        if (ended.reason() == FinishReason.HANDOFF) {
            ended.sequence()
                    .request()
                    .kvPush()
                    .ifPresent(
                            params -> body.set("kv_transfer_params", WireFormat.kvTransferParams(params.forDecode())));
        }
    }

    static ArrayNode ids(List<Integer> tokens) {
        ArrayNode ids = Json.array();
        tokens.forEach(ids::add);
        return ids;
    }

    static ArrayNode ids(int[] tokens) {
        ArrayNode ids = Json.array();
        for (int token : tokens) {
            ids.add(token);
        }
        return ids;
    }
}
