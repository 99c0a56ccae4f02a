package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Splits schemas with {@code if}, {@code then} and {@code else} on the values of one property into schemas without.
 *
 * <pre>
 *   {"properties": {"kind": {"enum": ["a", "b"]}},            {"properties": {"kind": {"enum": ["a"]}}, with THEN}
 *    "if": {"properties": {"kind": {"const": "a"}}},     →    {"properties": {"kind": {"enum": ["b"]}}, with ELSE}
 *    "then": THEN, "else": ELSE}
 * </pre>
 */
final class Conditions {
    private static final List<String> KEYWORDS = List.of("if", "then", "else");
    private static final int MAX_BRANCHES = 64;

    private final SchemaMerge merge;
    private final UnaryOperator<JsonNode> resolve;
    private final String path;

    Conditions(SchemaMerge merge, UnaryOperator<JsonNode> resolve, String path) {
        this.merge = merge;
        this.resolve = resolve;
        this.path = path;
    }

    /** The schemas, without {@code if} and {@code allOf} of their own, of which one holds where the given one does. */
    List<ObjectNode> split(ObjectNode schema) {
        List<ObjectNode> conditions = new ArrayList<>();
        ObjectNode plain = without(schema, conditions);
        if (plain.path("allOf") instanceof ArrayNode parts) {
            for (int i = 0; i < parts.size(); i++) {
                if (resolve.apply(parts.get(i)) instanceof ObjectNode part && part.has("if")) {
                    parts.set(i, without(part, conditions));
                }
            }
        }
        List<ObjectNode> branches = List.of(plain.has("allOf") ? merge.all(plain, resolve, path) : plain);
        for (ObjectNode condition : conditions) {
            List<ObjectNode> more = new ArrayList<>();
            branches.forEach(branch -> split(branch, condition, more));
            if (more.size() > MAX_BRANCHES) {
                throw GrammarException.tooLarge("schemas for each if", MAX_BRANCHES);
            }
            branches = more;
        }
        return branches;
    }

    private static ObjectNode without(ObjectNode schema, List<ObjectNode> conditions) {
        ObjectNode plain = schema.deepCopy();
        if (schema.has("if")) {
            conditions.add(schema);
        }
        KEYWORDS.forEach(plain::remove);
        return plain;
    }

    private void split(ObjectNode base, ObjectNode condition, List<ObjectNode> branches) {
        JsonNode test = resolve.apply(condition.get("if"));
        String name = property(test);
        List<JsonNode> values =
                SchemaKeywords.choices((ObjectNode) test.get("properties").get(name), path + "/if");
        boolean needed = SchemaKeywords.requires(test, name);
        if (!(resolve.apply(base.path("properties").path(name)) instanceof ObjectNode property)) {
            throw refused("the property \"" + name + "\", which is not among the properties");
        }
        List<JsonNode> possible = SchemaKeywords.choices(property, path + "/properties/" + name);
        boolean open = possible.isEmpty();
        if (open && !isAnyString(property)) {
            throw refused("the property \"" + name + "\", which must be an enum, a boolean or any string");
        }
        List<JsonNode> fitting = values.stream()
                .filter(value -> open ? value.isString() : SchemaKeywords.contains(possible, value))
                .filter(value -> !Negation.excludes(property, value, path + "/properties/" + name))
                .toList();
        ObjectNode others = base.objectNode();
        if (open) {
            ArrayNode excluded = others.put("type", "string").putObject("not").putArray("enum");
            property.path("not").path("enum").forEach(excluded::add);
            excluded.addAll(values);
        } else {
            others.set(
                    "enum",
                    base.arrayNode()
                            .addAll(possible.stream()
                                    .filter(value -> !SchemaKeywords.contains(values, value))
                                    .toList()));
        }
        ObjectNode fits = base.objectNode().set("enum", base.arrayNode().addAll(fitting));
        add(base, name, fits, needed, condition.get("then"), branches);
        add(base, name, others, !needed, condition.get("else"), branches);
    }

    /** Adds the schema for some of the property's values, and for none if it need not be there. */
    private void add(
            ObjectNode base,
            String name,
            ObjectNode values,
            boolean needed,
            @Nullable JsonNode then,
            List<ObjectNode> branches) {
        boolean none = values.has("enum") && values.get("enum").isEmpty();
        if (none && (needed || SchemaKeywords.requires(base, name))
                || then != null && then.isBoolean() && !then.booleanValue()) {
            return;
        }
        ObjectNode branch = base.deepCopy();
        ((ObjectNode) branch.get("properties")).set(name, none ? base.booleanNode(false) : values);
        if (needed && !SchemaKeywords.requires(base, name)) {
            ArrayNode required = base.arrayNode();
            base.path("required").forEach(required::add);
            branch.set("required", required.add(name));
        }
        if (then != null && !then.isBoolean()) {
            SchemaMerge.into(branch, resolve.apply(then), path);
        }
        branches.add(branch);
    }

    /** The one property that a condition is about. */
    private String property(JsonNode test) {
        JsonNode properties = test.path("properties");
        boolean simple = properties.size() == 1
                && test.propertyNames().stream().allMatch(Set.of("properties", "required", "type")::contains)
                && test.path("type").asString("object").equals("object")
                && properties.iterator().next() instanceof ObjectNode property
                && (property.has("const") || property.has("enum"))
                && property.propertyNames().stream()
                        .allMatch(keyword -> Set.of("type", "const", "enum").contains(keyword)
                                || SchemaKeywords.ANNOTATIONS.contains(keyword));
        String name = simple ? properties.propertyNames().iterator().next() : "";
        for (JsonNode required : test.path("required")) {
            simple &= required.asString("").equals(name);
        }
        if (!simple) {
            throw refused("something else than const or enum of one property");
        }
        return name;
    }

    /** Any one, except those that conditions before this one have been about. */
    private static boolean isAnyString(ObjectNode schema) {
        return schema.path("type").asString("").equals("string")
                && schema.propertyNames().stream()
                        .allMatch(keyword -> keyword.equals("type")
                                || keyword.equals("not") && schema.get("not").has("enum")
                                || SchemaKeywords.ANNOTATIONS.contains(keyword));
    }

    private GrammarException refused(String what) {
        return new GrammarException("\"if\" at " + path + " is about " + what
                + ", and is enforced only on const or enum of one property with an enum; write anyOf instead");
    }
}
