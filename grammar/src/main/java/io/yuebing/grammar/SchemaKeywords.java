package io.yuebing.grammar;

import java.math.BigDecimal;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What the keywords of one schema object mean by themselves. */
final class SchemaKeywords {
    /** Keywords that say nothing about the value. */
    static final Set<String> ANNOTATIONS = Set.of(
            "$schema",
            "$id",
            "$anchor",
            "$comment",
            "$defs",
            "definitions",
            "title",
            "description",
            "default",
            "example",
            "examples",
            "deprecated",
            "discriminator",
            "contentMediaType",
            "contentEncoding",
            "readOnly",
            "writeOnly");

    /** The types that each keyword is about. */
    private static final Map<String, List<String>> BY_KEYWORD = Map.ofEntries(
            Map.entry("properties", List.of("object")),
            Map.entry("required", List.of("object")),
            Map.entry("additionalProperties", List.of("object")),
            Map.entry("patternProperties", List.of("object")),
            Map.entry("propertyNames", List.of("object")),
            Map.entry("minProperties", List.of("object")),
            Map.entry("maxProperties", List.of("object")),
            Map.entry("dependentRequired", List.of("object")),
            Map.entry("items", List.of("array")),
            Map.entry("prefixItems", List.of("array")),
            Map.entry("minItems", List.of("array")),
            Map.entry("maxItems", List.of("array")),
            Map.entry("uniqueItems", List.of("array")),
            Map.entry("contains", List.of("array")),
            Map.entry("minContains", List.of("array")),
            Map.entry("pattern", List.of("string")),
            Map.entry("format", List.of("string")),
            Map.entry("minLength", List.of("string")),
            Map.entry("maxLength", List.of("string")),
            Map.entry("minimum", List.of("number")),
            Map.entry("maximum", List.of("number")),
            Map.entry("exclusiveMinimum", List.of("number")),
            Map.entry("exclusiveMaximum", List.of("number")),
            Map.entry("multipleOf", List.of("number")));

    private static final Set<String> GENERAL =
            Set.of("type", "enum", "const", "anyOf", "oneOf", "allOf", "not", "if", "then", "else", "$ref", "nullable");

    private SchemaKeywords() {}

    static void refuseUnknown(ObjectNode schema, String path) {
        for (String name : schema.propertyNames()) {
            if (!ANNOTATIONS.contains(name) && !GENERAL.contains(name) && !BY_KEYWORD.containsKey(name)) {
                throw new GrammarException("The schema keyword \"" + name + "\" at " + path
                        + " is not enforced; leave it out and check the answer yourself");
            }
        }
    }

    static Set<String> types(ObjectNode schema, String path) {
        Set<String> types = new LinkedHashSet<>();
        JsonNode type = schema.path("type");
        if (type.isString()) {
            types.add(type.stringValue());
        } else if (type.isArray() && !type.isEmpty()) {
            type.forEach(one -> types.add(one.asString("")));
        } else if (!type.isMissingNode()) {
            throw new GrammarException("type at " + path + " must be a string or an array of strings, got " + type);
        }
        return types;
    }

    /** The types that the keywords of a schema without type are about; empty if none is. */
    static Set<String> impliedTypes(ObjectNode schema) {
        Set<String> types = new TreeSet<>();
        schema.propertyNames().forEach(name -> types.addAll(BY_KEYWORD.getOrDefault(name, List.of())));
        return types;
    }

    static void requireOnlyTypeBeside(ObjectNode schema, String path) {
        for (String name : schema.propertyNames()) {
            boolean second = name.equals("enum") && schema.has("const");
            if (BY_KEYWORD.containsKey(name) || second) {
                throw new GrammarException("The schema keyword \"" + name + "\" at " + path
                        + " is not enforced beside enum or const; list only values that keep it");
            }
        }
        if (!schema.has("const")
                && (!schema.get("enum").isArray() || schema.get("enum").isEmpty())) {
            throw new GrammarException("enum at " + path + " must be an array of at least one value");
        }
    }

    static boolean isOfType(JsonNode value, String type) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isString();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            default -> false;
        };
    }

    /** The values that a schema lists, those of its types; empty if it lists none. */
    static List<JsonNode> choices(ObjectNode schema, String path) {
        Set<String> types = types(schema, path);
        if (schema.has("const") || schema.has("enum")) {
            return values(schema).stream()
                    .filter(value -> types.isEmpty() || types.stream().anyMatch(type -> isOfType(value, type)))
                    .toList();
        }
        return types.equals(Set.of("boolean"))
                ? List.of(schema.booleanNode(false), schema.booleanNode(true))
                : List.of();
    }

    static NumberRanges.@Nullable Bound bound(ObjectNode schema, String inclusive, String exclusive, String path) {
        NumberRanges.Bound bound = null;
        for (String keyword : List.of(inclusive, exclusive)) {
            JsonNode value = schema.path(keyword);
            if (!value.isMissingNode()) {
                if (!value.isNumber()) {
                    throw new GrammarException(keyword + " at " + path + " must be a number, got " + value);
                }
                if (bound != null) {
                    throw new GrammarException(
                            "Only one of " + inclusive + " and " + exclusive + " can be kept at " + path);
                }
                BigDecimal number = value.decimalValue();
                if (number.precision() - number.scale() > 400) {
                    throw new GrammarException(keyword + " at " + path + " is beyond all numbers of the usual kind");
                }
                bound = new NumberRanges.Bound(number, keyword.equals(exclusive));
            }
        }
        return bound;
    }

    /** Refuses branches of which more than one might fit a value. */
    static void requireDisjoint(List<ObjectNode> branches, UnaryOperator<JsonNode> resolve, String path) {
        for (int i = 0; i < branches.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (!disjoint(resolve.apply(branches.get(j)), resolve.apply(branches.get(i)), resolve)) {
                    throw new GrammarException(
                            "oneOf at " + path + " is not enforced, because a value may fit both of its"
                                    + " branches " + j + " and " + i
                                    + "; use anyOf, or give the branches different types or a required property with different"
                                    + " const values");
                }
            }
        }
    }

    private static boolean disjoint(JsonNode a, JsonNode b, UnaryOperator<JsonNode> resolve) {
        Set<JsonNode> left = values(a);
        Set<JsonNode> right = values(b);
        if (!left.isEmpty() && !right.isEmpty()) {
            return left.stream().noneMatch(right::contains);
        }
        if (a instanceof ObjectNode first && b instanceof ObjectNode second) {
            Set<String> types = coarse(first);
            Set<String> others = coarse(second);
            if (types.isEmpty() || others.isEmpty()) {
                return false;
            }
            if (types.stream().noneMatch(others::contains)) {
                return true;
            }
            return types.equals(Set.of("object"))
                    && others.equals(types)
                    && first.path("properties").propertyNames().stream()
                            .filter(name -> requires(first, name) && requires(second, name))
                            .anyMatch(name -> {
                                JsonNode one =
                                        resolve.apply(first.path("properties").path(name));
                                JsonNode other =
                                        resolve.apply(second.path("properties").path(name));
                                return !values(one).isEmpty()
                                        && !values(other).isEmpty()
                                        && disjoint(one, other, resolve);
                            });
        }
        return false;
    }

    private static Set<String> coarse(ObjectNode schema) {
        Set<String> types = new TreeSet<>();
        for (String type : types(schema, "oneOf")) {
            types.add(type.equals("integer") ? "number" : type);
        }
        return types;
    }

    static boolean requires(JsonNode schema, String name) {
        for (JsonNode required : schema.path("required")) {
            if (required.asString("").equals(name)) {
                return true;
            }
        }
        return false;
    }

    /** Whether JSON Schema takes both for one value; what is in lists and objects is compared as it is written. */
    static boolean same(JsonNode a, JsonNode b) {
        return a.isNumber() && b.isNumber() ? a.decimalValue().compareTo(b.decimalValue()) == 0 : a.equals(b);
    }

    static boolean contains(List<JsonNode> values, JsonNode value) {
        return values.stream().anyMatch(one -> same(one, value));
    }

    private static Set<JsonNode> values(JsonNode schema) {
        Set<JsonNode> values = new LinkedHashSet<>();
        if (schema.has("const")) {
            values.add(schema.get("const"));
        } else {
            schema.path("enum").forEach(values::add);
        }
        return values;
    }
}
