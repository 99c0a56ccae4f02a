package io.yuebing.library;

import io.yuebing.answer.ToolCall;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One message of a chat.
 *
 * @param role who speaks, in the words of the model's chat template: {@code system}, {@code user}, {@code assistant},
 *     {@code tool}
 * @param content what is said
 * @param toolCalls the tools that the assistant called
 * @param toolCallId which call this is the result of
 */
public record Message(String role, String content, List<ToolCall> toolCalls, Optional<String> toolCallId) {

    public Message {
        toolCalls = List.copyOf(toolCalls);
    }

    /** A message that has to do with no tool. */
    public Message(String role, String content) {
        this(role, content, List.of(), Optional.empty());
    }

    /** Instructions for the whole chat. */
    public static Message system(String content) {
        return new Message("system", content);
    }

    /** What the user says. */
    public static Message user(String content) {
        return new Message("user", content);
    }

    /** What the model has said before. */
    public static Message assistant(String content) {
        return new Message("assistant", content);
    }

    /** What the model has answered before, without its thoughts. */
    public static Message of(Answer answer) {
        return new Message("assistant", answer.text(), answer.toolCalls(), Optional.empty());
    }

    /** What a tool gave back. */
    public static Message tool(ToolCall call, String result) {
        return tool(call.id(), result);
    }

    /** What the tool gave back to the call with this id. */
    public static Message tool(String callId, String result) {
        return new Message("tool", result, List.of(), Optional.of(callId));
    }

    /** The message as a chat template reads it. */
    Map<String, Object> forTemplate() {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        if (!toolCalls.isEmpty()) {
            message.put(
                    "tool_calls", toolCalls.stream().map(Message::forTemplate).toList());
        }
        toolCallId.ifPresent(id -> message.put("tool_call_id", id));
        return message;
    }

    private static Map<String, Object> forTemplate(ToolCall call) {
        return Map.of(
                "id",
                call.id(),
                "type",
                "function",
                "function",
                Map.of("name", call.name(), "arguments", ToolUse.arguments(call.arguments())));
    }
}
