package io.yuebing.dialect;

import io.yuebing.answer.ForcedCalls;
import io.yuebing.answer.tools.StrictCalls;
import io.yuebing.answer.tools.ToolSchemas;
import io.yuebing.api.OutputConstraint;
import io.yuebing.grammar.GrammarException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * The fields of a chat request that concern tools.
 *
 * @param tools what the model may call; empty where {@code tool_choice} forbids calls
 * @param parallelCalls whether it may call more than one at once
 * @param forced the calls that the answer must be, where {@code tool_choice} asks for one
 */
record ToolFields(List<JsonNode> tools, boolean parallelCalls, Optional<OutputConstraint> forced) {
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
        boolean parallel = fields.flag("parallel_tool_calls", true);
        JsonNode choice = fields.any("tool_choice").orElse(null);
        if (choice == null) {
            return new ToolFields(tools, parallel, Optional.empty());
        }
        List<JsonNode> callable = callable(choice, tools);
        boolean free = choice.isString() && !choice.stringValue().equals("required");
        if (free) {
            return new ToolFields(callable, parallel, Optional.empty());
        }
        OutputConstraint calls = ForcedCalls.of(callable, parallel && choice.isString());
        ConstraintFields.check("tools", calls);
        return new ToolFields(tools, parallel, Optional.of(calls));
    }

    /** The tools that {@code tool_choice} lets the model call. */
    private static List<JsonNode> callable(JsonNode choice, List<JsonNode> tools) {
        String mode = choice.isString() ? choice.stringValue() : "a named tool";
        if (!mode.equals("none") && tools.isEmpty()) {
            throw RequestFields.bad("tool_choice", "tool_choice " + mode + " needs tools, got none");
        }
        if (choice.isObject()) {
            String name = choice.path("function").path("name").asString("");
            List<JsonNode> named = tools.stream()
                    .filter(tool ->
                            tool.path("function").path("name").asString("").equals(name))
                    .toList();
            if (named.isEmpty()) {
                throw RequestFields.bad(
                        "tool_choice",
                        "tool_choice must be {\"type\": \"function\", \"function\": {\"name\": ...}} with the name of one of"
                                + " tools, got \"" + name + "\"");
            }
            return named.subList(0, 1);
        }
        return switch (mode) {
            case "none" -> List.of();
            case "auto", "required" -> tools;
            default ->
                throw RequestFields.bad(
                        "tool_choice", "tool_choice must be none, auto, required or a named tool, got " + mode);
        };
    }

    /**
     * The constraint of an answer that may call tools, if some of them are strict.
     *
     * @param parsers how the model writes calls and thoughts
     */
    Optional<OutputConstraint> strict(OutputParsers parsers) {
        try {
            return parsers.tools().flatMap(format -> StrictCalls.of(format, parsers.reasoning(), tools, parallelCalls));
        } catch (GrammarException e) {
            throw RequestFields.bad("tools", "tools: " + e.getMessage());
        }
    }

    /** The tools as a chat template reads them. */
    List<Map<String, Object>> forTemplate() {
        return tools.stream().map(Json::toMap).toList();
    }

    ToolSchemas schemas() {
        return new ToolSchemas(tools);
    }
}
