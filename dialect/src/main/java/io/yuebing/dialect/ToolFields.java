package io.yuebing.dialect;

import io.yuebing.api.OutputConstraint;
import io.yuebing.dialect.tools.ToolFormat;
import io.yuebing.dialect.tools.ToolSchemas;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The fields of a chat request that concern tools.
 *
 * @param tools what the model may call; empty where {@code tool_choice} forbids calls
 * @param parallelCalls whether it may call more than one at once
 * @param forced the call that the answer must be, where {@code tool_choice} asks for one
 */
record ToolFields(List<JsonNode> tools, boolean parallelCalls, Optional<OutputConstraint> forced) {
    /** The format of forced calls, whatever the template shows: one bare object with name and parameters. */
    static final ToolFormat FORCED = ToolFormat.LLAMA3_JSON;

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
        return new ToolFields(
                free ? callable : tools, parallel, free ? Optional.empty() : Optional.of(force(callable)));
    }

    private static OutputConstraint force(List<JsonNode> callable) {
        ObjectNode schema = Json.object();
        ArrayNode calls = schema.putArray("anyOf");
        for (JsonNode tool : callable) {
            JsonNode function = tool.path("function");
            ObjectNode call = calls.addObject().put("type", "object");
            ObjectNode properties = call.putObject("properties");
            properties.putObject("name").set("const", function.path("name"));
            JsonNode parameters = function.path("parameters");
            properties.set(
                    "parameters",
                    parameters.isObject() ? parameters : Json.object().put("type", "object"));
            call.putArray("required").add("name").add("parameters");
            call.put("additionalProperties", false);
            // References of a function's schema point into that schema.
            for (String definitions : List.of("$defs", "definitions")) {
                JsonNode given = parameters.path(definitions);
                if (given.isObject()) {
                    if (callable.size() > 1
                            && schema.has(definitions)
                            && !schema.get(definitions).equals(given)) {
                        throw RequestFields.bad(
                                "tools",
                                "tool_choice required cannot force tools whose parameters have different " + definitions
                                        + "; name one tool, or write the definitions out");
                    }
                    schema.set(definitions, given);
                }
            }
        }
        OutputConstraint constraint = new OutputConstraint(OutputConstraint.Kind.JSON, schema.toString());
        ConstraintFields.check("tools", constraint);
        return constraint;
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

    /** The tools as a chat template reads them. */
    List<Map<String, Object>> forTemplate() {
        return tools.stream().map(Json::toMap).toList();
    }

    ToolSchemas schemas() {
        return new ToolSchemas(tools);
    }
}
