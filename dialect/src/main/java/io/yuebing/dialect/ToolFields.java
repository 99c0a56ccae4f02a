package io.yuebing.dialect;

import io.yuebing.dialect.tools.ToolSchemas;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * The fields of a chat request that concern tools.
 *
 * @param tools what the model may call; empty where {@code tool_choice} forbids calls
 * @param parallelCalls whether it may call more than one at once
 */
record ToolFields(List<JsonNode> tools, boolean parallelCalls) {
    static ToolFields read(RequestFields fields) {
        List<JsonNode> tools = new ArrayList<>();
        JsonNode given = fields.any("tools").orElse(null);
        if (given != null) {
            for (JsonNode tool : fields.array("tools", given)) {
                if (!tool.path("function").path("name").isString()) {
                    throw RequestFields.bad(
                            "tools", "Each of tools must be {\"type\": \"function\", \"function\": {\"name\": ...}}");
                }
                tools.add(tool);
            }
            if (tools.isEmpty()) {
                throw RequestFields.bad("tools", "tools must not be an empty array; leave it out instead");
            }
        }
        boolean allowed = fields.any("tool_choice")
                .map(choice -> callsAllowed(choice, tools))
                .orElse(true);
        return new ToolFields(allowed ? tools : List.of(), fields.flag("parallel_tool_calls", true));
    }

    private static boolean callsAllowed(JsonNode choice, List<JsonNode> tools) {
        String mode = choice.isString() ? choice.stringValue() : "a named tool";
        if (mode.equals("auto") && tools.isEmpty()) {
            throw RequestFields.bad("tool_choice", "tool_choice auto needs tools, got none");
        }
        if (!mode.equals("none") && !mode.equals("auto")) {
            throw RequestFields.bad(
                    "tool_choice",
                    "tool_choice must be none or auto, got " + mode
                            + ": the model cannot be forced to call a tool yet");
        }
        return mode.equals("auto");
    }

    /** The tools as a chat template reads them. */
    List<Map<String, Object>> forTemplate() {
        return tools.stream().map(Json::toMap).toList();
    }

    ToolSchemas schemas() {
        return new ToolSchemas(tools);
    }
}
