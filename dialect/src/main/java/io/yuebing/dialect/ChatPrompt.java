package io.yuebing.dialect;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.ServiceException;
import io.yuebing.text.ChatTemplate;
import io.yuebing.text.TemplateException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Turns the messages of a chat request into a prompt, through the model's chat template. */
final class ChatPrompt {
    /** What templates of Qwen and GLM, and of DeepSeek, call the switch. */
    private static final List<String> NO_THINKING = List.of("enable_thinking", "thinking");

    private final ServedModel model;
    private final SurfaceOptions options;

    ChatPrompt(ServedModel model, SurfaceOptions options) {
        this.model = model;
        this.options = options;
    }

    Prompt read(RequestFields fields) {
        String text = render(fields);
        int[] tokens = model.tokenizer().encode(text, fields.flag("add_special_tokens", false));
        if (tokens.length == 0) {
            throw RequestFields.bad("messages", "The chat template made an empty prompt of these messages");
        }
        return new Prompt(tokens, text);
    }

    private String render(RequestFields fields) {
        List<Map<String, Object>> messages = messages(fields);
        List<Map<String, Object>> tools = ToolFields.read(fields).forTemplate();
        boolean continueFinal = fields.flag("continue_final_message", false);
        boolean addGenerationPrompt = fields.flag("add_generation_prompt", !continueFinal);
        if (continueFinal && addGenerationPrompt) {
            throw RequestFields.bad(
                    "continue_final_message", "continue_final_message and add_generation_prompt cannot both be true");
        }
        Map<String, Object> kwargs = templateArguments(fields);
        try {
            String text = template(fields).render(messages, tools, addGenerationPrompt, kwargs);
            return continueFinal ? upToEndOfLastMessage(text, messages) : text;
        } catch (TemplateException e) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "The chat template refuses these messages: " + e.getMessage(),
                    "messages",
                    e);
        }
    }

    private ChatTemplate template(RequestFields fields) {
        var own = fields.string("chat_template");
        if (own.isPresent()) {
            if (!options.trustRequestChatTemplate()) {
                throw RequestFields.bad(
                        "chat_template",
                        "chat_template is refused: this server does not run templates that come with a request");
            }
            return ChatTemplate.parse(own.get(), Map.of());
        }
        return model.chatTemplate()
                .orElseThrow(() -> RequestFields.bad(
                        "messages",
                        "The model `" + model.info().name() + "` has no chat template; use /v1/completions instead"));
    }

    private static Map<String, Object> templateArguments(RequestFields fields) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        fields.any("documents")
                .ifPresent(documents -> arguments.put("documents", Json.toList(fields.array("documents", documents))));
        fields.string("reasoning_effort").ifPresent(effort -> {
            arguments.put("reasoning_effort", effort);
            if (effort.equals("none")) {
                NO_THINKING.forEach(name -> arguments.put(name, false));
            }
        });
        fields.any("chat_template_kwargs")
                .ifPresent(more -> arguments.putAll(Json.toMap(fields.objectNode("chat_template_kwargs", more))));
        return arguments;
    }

    private static List<Map<String, Object>> messages(RequestFields fields) {
        JsonNode given = fields.any("messages")
                .orElseThrow(() -> RequestFields.bad("messages", "messages is missing; send an array of messages"));
        List<Map<String, Object>> messages = new ArrayList<>();
        for (JsonNode element : fields.array("messages", given)) {
            messages.add(message("messages[" + messages.size() + "]", element));
        }
        if (messages.isEmpty()) {
            throw RequestFields.bad("messages", "messages must contain at least one message");
        }
        return messages;
    }

    private static Map<String, Object> message(String where, JsonNode element) {
        if (!(element instanceof ObjectNode object) || !object.path("role").isString()) {
            throw RequestFields.bad(where, where + " must be an object with a role");
        }
        String role = object.path("role").stringValue();
        JsonNode content = object.path("content");
        if (content.isMissingNode() && !role.equals("assistant")) {
            throw RequestFields.bad(where + ".content", where + ".content is missing");
        }
        Map<String, Object> message = Json.toMap(object);
        message.values().removeIf(Objects::isNull);
        message.put("content", contentText(where + ".content", content));
        sameUnderBothNames(message, "reasoning", "reasoning_content");
        if (object.hasNonNull("tool_calls")) {
            putToolCalls(where + ".tool_calls", object.get("tool_calls"), message);
        }
        return message;
    }

    /** Clients and templates use either name for a model's thoughts. */
    private static void sameUnderBothNames(Map<String, Object> message, String one, String other) {
        Object value = message.getOrDefault(one, message.get(other));
        if (value != null) {
            message.put(one, value);
            message.put(other, value);
        }
    }

    /** Text parts are joined by line feeds, as vLLM does for templates that take a string. */
    private static String contentText(String where, JsonNode content) {
        if (content.isMissingNode() || content.isNull()) {
            return "";
        }
        if (content.isString()) {
            return content.stringValue();
        }
        if (!content.isArray()) {
            throw RequestFields.bad(where, where + " must be a string or an array of text parts");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode part : content) {
            String type = part.isString() ? "text" : part.path("type").asString("text");
            JsonNode text = part.isString() ? part : part.path("text");
            if (!type.equals("text")) {
                throw RequestFields.bad(
                        where, where + " has a part of type " + type + ", but this model reads only text");
            }
            if (!text.isString()) {
                throw RequestFields.bad(where, where + " has a text part without text");
            }
            texts.add(text.stringValue());
        }
        return String.join("\n", texts);
    }

    /** Templates print {@code arguments} as JSON themselves, so the string of the API becomes the value it spells. */
    private static void putToolCalls(String where, JsonNode calls, Map<String, Object> message) {
        if (!calls.isArray()) {
            throw RequestFields.bad(where, where + " must be an array");
        }
        ArrayNode parsed = Json.array();
        for (JsonNode call : calls) {
            if (!(call.deepCopy() instanceof ObjectNode copy)
                    || !(copy.path("function") instanceof ObjectNode function)) {
                throw RequestFields.bad(where, where + " must hold objects with a function");
            }
            JsonNode arguments = function.path("arguments");
            if (arguments.isString()) {
                function.set("arguments", argumentValue(where, arguments.stringValue()));
            }
            parsed.add(copy);
        }
        if (parsed.isEmpty()) {
            message.remove("tool_calls");
        } else {
            message.put("tool_calls", Json.toList(parsed));
        }
    }

    private static JsonNode argumentValue(String where, String text) {
        try {
            return text.isBlank() ? Json.object() : Json.read(text.getBytes(StandardCharsets.UTF_8));
        } catch (JacksonException e) {
            throw RequestFields.bad(where, where + " has arguments that are not JSON: " + text);
        }
    }

    /** Cuts what the template puts after the last message, as Hugging Face's {@code continue_final_message} does. */
    private static String upToEndOfLastMessage(String text, List<Map<String, Object>> messages) {
        String last = String.valueOf(messages.getLast().get("content"));
        String trimmed = last.strip();
        int at = text.lastIndexOf(trimmed);
        if (at < 0) {
            throw RequestFields.bad(
                    "continue_final_message",
                    "continue_final_message cannot be used: the chat template changes the last message's text");
        }
        String withTrailingSpace = last.stripLeading();
        return text.startsWith(withTrailingSpace, at)
                ? text.substring(0, at + withTrailingSpace.length())
                : text.substring(0, at + trimmed.length());
    }
}
