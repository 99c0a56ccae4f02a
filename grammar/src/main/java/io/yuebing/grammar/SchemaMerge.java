package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Makes one schema of several that must all hold, where that is possible keyword by keyword. */
final class SchemaMerge {
    /** The schemas of {@code allOf} and what stands beside it. */
    ObjectNode all(ObjectNode schema, UnaryOperator<JsonNode> resolve, String path) {
        ObjectNode merged = without(schema, "allOf");
        for (JsonNode part : list(schema, "allOf", path)) {
            into(merged, resolve.apply(part), path);
        }
        return merged;
    }

    /** The branches of {@code keyword}, each with what stands beside it. */
    List<ObjectNode> branches(ObjectNode schema, String keyword, UnaryOperator<JsonNode> resolve, String path) {
        ObjectNode common = without(schema, keyword);
        boolean alone = common.propertyNames().stream().allMatch(SchemaKeywords.ANNOTATIONS::contains);
        List<ObjectNode> branches = new ArrayList<>();
        for (JsonNode branch : list(schema, keyword, path)) {
            if (alone && branch instanceof ObjectNode object) {
                branches.add(object);
            } else {
                ObjectNode merged = common.deepCopy();
                into(merged, resolve.apply(branch), path);
                branches.add(merged);
            }
        }
        return branches;
    }

    /** Refuses keywords beside one that cannot be merged. */
    void requireAlone(ObjectNode schema, String keyword, String path) {
        for (String name : schema.propertyNames()) {
            if (!name.equals(keyword) && !SchemaKeywords.ANNOTATIONS.contains(name)) {
                throw new GrammarException("The schema keyword \"" + name + "\" at " + path + " is not enforced beside "
                        + keyword + "; put both into allOf");
            }
        }
    }

    private static ObjectNode without(ObjectNode schema, String keyword) {
        ObjectNode rest = schema.deepCopy();
        rest.remove(keyword);
        return rest;
    }

    private static JsonNode list(ObjectNode schema, String keyword, String path) {
        JsonNode list = schema.get(keyword);
        if (!list.isArray() || list.isEmpty()) {
            throw new GrammarException(keyword + " at " + path + " must be an array of at least one schema");
        }
        return list;
    }

    /** Adds what another schema says to one. */
    static void into(ObjectNode merged, JsonNode part, String path) {
        if (!(part instanceof ObjectNode object)) {
            throw new GrammarException("allOf, anyOf and oneOf at " + path + " must hold schemas that are objects");
        }
        requireSameProperties(merged, object, path);
        object.properties().forEach(entry -> {
            String keyword = entry.getKey();
            JsonNode value = entry.getValue();
            JsonNode present = merged.get(keyword);
            if (SchemaKeywords.ANNOTATIONS.contains(keyword) || value.equals(present)) {
                return;
            }
            if (present == null) {
                merged.set(keyword, value.deepCopy());
            } else if (keyword.equals("required")) {
                merged.set(keyword, union(merged, present, value));
            } else if (keyword.equals("properties") && present instanceof ObjectNode into) {
                properties(into, value, path);
            } else {
                throw conflict(keyword, path);
            }
        });
    }

    private static void properties(ObjectNode into, JsonNode more, String path) {
        more.properties().forEach(property -> {
            JsonNode present = into.get(property.getKey());
            if (present != null && !present.equals(property.getValue())) {
                throw conflict("properties/" + property.getKey(), path);
            }
            into.set(property.getKey(), property.getValue().deepCopy());
        });
    }

    /** {@code additionalProperties} is about the properties beside it, so it only merges with equal ones. */
    private static void requireSameProperties(ObjectNode a, ObjectNode b, String path) {
        boolean closed = a.has("additionalProperties") || b.has("additionalProperties");
        boolean both = a.has("properties") && b.has("properties");
        if (closed
                && (both && !a.get("properties").equals(b.get("properties"))
                        || a.has("additionalProperties") && !a.has("properties") && b.has("properties")
                        || b.has("additionalProperties") && !b.has("properties") && a.has("properties"))) {
            throw conflict("additionalProperties", path);
        }
        if (closed && !a.path("patternProperties").equals(b.path("patternProperties"))) {
            throw conflict("patternProperties", path);
        }
    }

    private static ArrayNode union(ObjectNode factory, JsonNode a, JsonNode b) {
        Set<JsonNode> all = new LinkedHashSet<>();
        a.forEach(all::add);
        b.forEach(all::add);
        return factory.arrayNode().addAll(all);
    }

    private static GrammarException conflict(String keyword, String path) {
        return new GrammarException("The schema keyword \"" + keyword + "\" at " + path
                + " differs between schemas that must hold together, and cannot be merged; write one schema instead");
    }
}
