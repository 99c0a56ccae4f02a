package io.yuebing.dialect;

import io.yuebing.answer.AnswerPart;
import io.yuebing.dialect.ChoiceEvent.Piece;
import java.util.ArrayList;
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

    /** One chunk for each part, as clients expect; tokens stand beside the first. */
    @Override
    List<ObjectNode> deltas(ChoiceEvent.Delta delta) {
        List<ObjectNode> chunks = new ArrayList<>();
        for (AnswerPart part : delta.parts()) {
            putPart(part, deltaOf(addChunk(delta, chunks)));
        }
        if (chunks.isEmpty()) {
            deltaOf(addChunk(delta, chunks)).put("content", "");
        }
        ObjectNode first = (ObjectNode) chunks.getFirst().path("choices").get(0);
        if (ask().format().logprobs() >= 0 && !delta.tokens().isEmpty()) {
            first.set("logprobs", logprobs().chat(delta.tokens()));
        }
        if (ask().format().returnTokenIds()) {
            first.set("token_ids", ids(delta.tokens().stream().map(Piece::id).toList()));
        }
        return chunks;
    }

    private ObjectNode addChunk(ChoiceEvent.Delta delta, List<ObjectNode> chunks) {
        ObjectNode chunk = envelope(CHUNK);
        ObjectNode choice = choice(chunk.putArray("choices"), delta.sequence());
        choice.putObject("delta");
        choice.putNull("logprobs").putNull("finish_reason");
        chunks.add(chunk);
        return choice;
    }

    private static ObjectNode deltaOf(ObjectNode choice) {
        return (ObjectNode) choice.path("delta");
    }

    private static void putPart(AnswerPart part, ObjectNode delta) {
        switch (part) {
            case AnswerPart.Content content -> delta.put("content", content.text());
            case AnswerPart.Reasoning reasoning -> putReasoning(reasoning.text(), delta);
            case AnswerPart.CallStart call -> putCall(call(delta, call.index()), call.id(), call.name(), "");
            case AnswerPart.CallArguments more ->
                call(delta, more.index()).putObject("function").put("arguments", more.json());
        }
    }

    private static ObjectNode call(ObjectNode delta, int index) {
        return delta.putArray("tool_calls").addObject().put("index", index);
    }

    private static void putCall(ObjectNode call, String id, String name, String arguments) {
        call.put("id", id).put("type", "function");
        call.putObject("function").put("name", name).put("arguments", arguments);
    }

    /** Clients read either name. */
    private static void putReasoning(String text, ObjectNode message) {
        message.put("reasoning_content", text).put("reasoning", text);
    }

    private static void putMessage(FinishedChoice finished, ObjectNode message) {
        message.put("role", "assistant");
        if (finished.text().isEmpty() && !finished.calls().isEmpty()) {
            message.putNull("content");
        } else {
            message.put("content", finished.text());
        }
        message.putNull("refusal");
        if (!finished.reasoning().isEmpty()) {
            putReasoning(finished.reasoning(), message);
        }
        if (!finished.calls().isEmpty()) {
            ArrayNode calls = message.putArray("tool_calls");
            finished.calls().forEach(call -> putCall(calls.addObject(), call.id(), call.name(), call.arguments()));
        }
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
            putMessage(finished, choice.putObject("message"));
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
