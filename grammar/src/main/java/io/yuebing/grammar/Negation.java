package io.yuebing.grammar;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What {@code not} takes from a schema: types, or single values. */
final class Negation {
    private static final List<String> ALL_TYPES = List.of("object", "array", "string", "number", "boolean", "null");

    private Negation() {}

    /** Whether {@code not} names a value, or its type. */
    static boolean excludes(ObjectNode schema, JsonNode value, String path) {
        if (!(of(schema, path) instanceof ObjectNode not)) {
            return false;
        }
        return listsValues(not)
                ? SchemaKeywords.contains(SchemaKeywords.choices(not, path + "/not"), value)
                : SchemaKeywords.types(not, path + "/not").stream()
                        .anyMatch(type -> SchemaKeywords.isOfType(value, type));
    }

    private static boolean listsValues(ObjectNode not) {
        return not.has("enum") || not.has("const");
    }

    /** What {@code not} says, if it is there and is enforced. */
    private static JsonNode of(ObjectNode schema, String path) {
        JsonNode not = schema.path("not");
        boolean simple = not.propertyNames().stream()
                .allMatch(keyword -> Set.of("type", "enum", "const").contains(keyword)
                        || SchemaKeywords.ANNOTATIONS.contains(keyword));
        if (!not.isMissingNode()
                && (!simple || !(not instanceof ObjectNode object) || !not.has("type") && !listsValues(object))) {
            throw refused(path, "with type, enum or const");
        }
        return not;
    }

    /**
     * The types that are left.
     *
     * @param types that the schema has beside {@code not}; empty if any
     * @throws GrammarException if {@code not} says something else
     */
    static Set<String> types(ObjectNode schema, Set<String> types, String path) {
        if (!(of(schema, path) instanceof ObjectNode not)) {
            return types;
        }
        Set<String> left = new LinkedHashSet<>(types.isEmpty() ? ALL_TYPES : types);
        if (listsValues(not)) {
            SchemaKeywords.choices(not, path + "/not").forEach(value -> requireListed(value, left, path));
            return left;
        }
        Set<String> without = SchemaKeywords.types(not, path + "/not");
        if (without.contains("integer") && !without.contains("number") && left.contains("number")) {
            throw refused(path, "of type integer where no other numbers are possible");
        }
        left.removeAll(without);
        if (without.contains("number")) {
            left.remove("integer");
        }
        return left;
    }

    private static void requireListed(JsonNode value, Set<String> types, String path) {
        boolean possible = value.isObject() && types.contains("object")
                || value.isArray() && types.contains("array")
                || value.isNumber() && (types.contains("number") || types.contains("integer"));
        if (possible) {
            throw refused(path, "of strings, booleans and null, or beside an enum; got " + value);
        }
    }

    /** The values that {@code not} lists; none if it is about types or not there. */
    static List<JsonNode> values(ObjectNode schema, String path) {
        return of(schema, path) instanceof ObjectNode not && listsValues(not)
                ? SchemaKeywords.choices(not, path + "/not")
                : List.of();
    }

    private static GrammarException refused(String path, String where) {
        return new GrammarException("The schema keyword \"not\" at " + path + " is enforced only " + where
                + "; leave it out and check the answer yourself");
    }
}
