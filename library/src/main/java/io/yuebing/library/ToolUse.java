package io.yuebing.library;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.ServiceException;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The tools of a request and what it wants of them.
 *
 * @param parallelCalls whether an answer may have more than one call
 */
record ToolUse(List<Tool> tools, ToolChoice choice, boolean parallelCalls) {
    static final ToolUse NONE = new ToolUse(List.of(), ToolChoice.Mode.AUTO, true);

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final TypeReference<Map<String, Object>> OBJECT = new TypeReference<>() {};

    ToolUse {
        tools = List.copyOf(tools);
    }

    /** What the model sees, in the API's form. */
    List<JsonNode> offered() {
        return choice == ToolChoice.Mode.NONE ? List.of() : all();
    }

    /** What an answer that must call tools may call; empty if it need not call any. */
    List<JsonNode> forced() {
        boolean free = choice == ToolChoice.Mode.AUTO || choice == ToolChoice.Mode.NONE;
        List<JsonNode> callable = free
                ? List.of()
                : all().stream()
                        .filter(tool -> !(choice instanceof ToolChoice.Named(String name))
                                || tool.path("function")
                                        .path("name")
                                        .asString("")
                                        .equals(name))
                        .toList();
        if (!free && callable.isEmpty()) {
            throw refused("The tool choice " + choice + " needs a tool, but the request has "
                    + (tools.isEmpty() ? "none" : tools.stream().map(Tool::name).toList()) + "; add it with tools.");
        }
        return callable;
    }

    /** Whether an answer that must call tools may have more than one call. */
    boolean severalForced() {
        return parallelCalls && !(choice instanceof ToolChoice.Named);
    }

    /** The tools as a chat template reads them. */
    List<Map<String, Object>> forTemplate() {
        return offered().stream().map(tool -> JSON.convertValue(tool, OBJECT)).toList();
    }

    /** A call's arguments as a chat template reads them. */
    static Map<String, Object> arguments(String json) {
        try {
            return json.isBlank() ? Map.of() : JSON.readValue(json, OBJECT);
        } catch (JacksonException e) {
            throw refused("A message has a tool call whose arguments are no JSON object: " + json);
        }
    }

    private List<JsonNode> all() {
        return tools.stream().map(ToolUse::json).toList();
    }

    private static JsonNode json(Tool tool) {
        ObjectNode json = JSON.createObjectNode().put("type", "function");
        ObjectNode function =
                json.putObject("function").put("name", tool.name()).put("description", tool.description());
        if (!tool.parameters().isBlank()) {
            function.set("parameters", schema(tool));
        }
        if (tool.strict()) {
            function.put("strict", true);
        }
        return json;
    }

    private static JsonNode schema(Tool tool) {
        try {
            JsonNode schema = JSON.readTree(tool.parameters());
            if (schema.isObject()) {
                return schema;
            }
        } catch (JacksonException e) {
            // told below
        }
        throw refused("The parameters of the tool " + tool.name() + " must be a JSON schema, got " + tool.parameters());
    }

    static ServiceException refused(String sentence) {
        return new ServiceException(ErrorCode.INVALID_REQUEST, sentence, "tools");
    }
}
