package io.yuebing.answer;

import io.yuebing.answer.tools.ToolFormat;
import io.yuebing.api.OutputConstraint;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The constraint that makes an answer calls of tools, whatever calls look like in the model's template.
 *
 * <pre>
 *   [{"name": "weather", "parameters": {"city": "Rome"}}, {"name": ...}]
 * </pre>
 */
public final class ForcedCalls {
    /** How they are read. */
    public static final ToolFormat FORMAT = ToolFormat.FORCED;

    /** Keywords whose values are data, in which nothing is a reference. */
    private static final Set<String> DATA = Set.of("const", "enum", "default", "examples", "example");

    private ForcedCalls() {}

    /**
     * At least one call, each with arguments that validate against the function's parameters.
     *
     * @param tools those that may be called
     * @param several whether more than one call is possible
     */
    public static OutputConstraint of(List<JsonNode> tools, boolean several) {
        ObjectNode schema =
                JsonNodeFactory.instance.objectNode().put("type", "array").put("minItems", 1);
        if (!several) {
            schema.put("maxItems", 1);
        }
        ArrayNode calls = schema.putObject("items").putArray("anyOf");
        ObjectNode definitions = schema.putObject("$defs");
        for (JsonNode tool : tools) {
            JsonNode function = tool.path("function");
            String place = "tool" + calls.size();
            definitions.set(place, parameters(function.path("parameters"), "#/$defs/" + place));
            ObjectNode call = calls.addObject().put("type", "object");
            ObjectNode properties = call.putObject("properties");
            properties.putObject("name").set("const", function.path("name"));
            properties.putObject("parameters").put("$ref", "#/$defs/" + place);
            call.putArray("required").add("name").add("parameters");
            call.put("additionalProperties", false);
        }
        return new OutputConstraint(OutputConstraint.Kind.JSON, schema.toString());
    }

    private static JsonNode parameters(JsonNode given, String place) {
        if (!given.isObject() || given.isEmpty()) {
            return JsonNodeFactory.instance.objectNode().put("type", "object");
        }
        JsonNode moved = given.deepCopy();
        move(moved, place);
        return moved;
    }

    /** References of a function's schema point into that schema, wherever it stands. */
    private static void move(JsonNode schema, String place) {
        if (schema instanceof ObjectNode object && object.path("$ref").isString()) {
            String pointer = object.path("$ref").stringValue();
            if (pointer.startsWith("#")) {
                object.put("$ref", place + pointer.substring(1));
            }
        }
        schema.properties().stream()
                .filter(entry -> !DATA.contains(entry.getKey()))
                .forEach(entry -> move(entry.getValue(), place));
        if (schema.isArray()) {
            schema.forEach(element -> move(element, place));
        }
    }
}
