package io.yuebing.answer.tools;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** What a request's tools say about their parameters, for formats that write values without their JSON type. */
public final class ToolSchemas {
    private final Map<String, JsonNode> parameters = new LinkedHashMap<>();

    /** @param tools {@code tools} of a chat request: objects with {@code function.name} and {@code function.parameters} */
    public ToolSchemas(Iterable<JsonNode> tools) {
        for (JsonNode tool : tools) {
            JsonNode function = tool.path("function");
            parameters.put(function.path("name").asString(""), function.path("parameters"));
        }
    }

    /** Whether the request offers this tool. */
    public boolean has(String tool) {
        return parameters.containsKey(tool);
    }

    /** The names of a tool's parameters, in the order of its schema. */
    List<String> parameterNames(String tool) {
        JsonNode schema = parameters.get(tool);
        return schema == null
                ? List.of()
                : List.copyOf(schema.path("properties").propertyNames());
    }

    /** Whether whatever text a value is, it is a string. */
    boolean isText(String tool, String parameter) {
        return types(tool, parameter).contains("string");
    }

    private Set<String> types(String tool, String parameter) {
        Set<String> types = new LinkedHashSet<>();
        JsonNode schema = parameters.get(tool);
        if (schema != null) {
            collectTypes(schema.path("properties").path(parameter), types);
        }
        return types;
    }

    /** The value as JSON: a string where the schema wants one, else whatever JSON the text is, else a string. */
    String json(String tool, String parameter, String value) {
        Set<String> types = types(tool, parameter);
        String bare = value.strip();
        if (types.contains("string")) {
            return types.contains("null") && bare.equals("null") ? "null" : JsonText.quote(value);
        }
        String literal = switch (bare) {
            case "True" -> "true";
            case "False" -> "false";
            case "None" -> "null";
            default -> bare;
        };
        return JsonText.valid(literal).orElseGet(() -> JsonText.quote(value));
    }

    private static void collectTypes(JsonNode schema, Set<String> types) {
        JsonNode type = schema.path("type");
        if (type.isString()) {
            types.add(type.stringValue());
        }
        type.values().forEach(one -> types.add(one.asString("")));
        for (String combination : List.of("anyOf", "oneOf", "allOf")) {
            schema.path(combination).values().forEach(one -> collectTypes(one, types));
        }
        if (types.isEmpty()) {
            schema.path("enum").values().forEach(one -> {
                if (one.isString()) {
                    types.add("string");
                }
            });
        }
    }
}
