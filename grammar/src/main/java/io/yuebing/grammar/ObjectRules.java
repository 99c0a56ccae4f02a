package io.yuebing.grammar;

import io.yuebing.grammar.ObjectMembers.Member;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Turns schemas of objects into rules. */
final class ObjectRules {
    private final JsonSchemaCompiler schemas;

    ObjectRules(JsonSchemaCompiler schemas) {
        this.schemas = schemas;
    }

    Expr of(ObjectNode schema, String path) {
        Map<String, JsonNode> properties = new LinkedHashMap<>();
        schema.path("properties").properties().forEach(entry -> properties.put(entry.getKey(), entry.getValue()));
        Set<String> required = names(schema.path("required"));
        Map<String, Set<String>> needs = new LinkedHashMap<>();
        schema.path("dependentRequired")
                .properties()
                .forEach(entry -> needs.put(entry.getKey(), names(entry.getValue())));
        JsonNode additional = schema.path("additionalProperties");
        JsonNode patterns = schema.path("patternProperties");
        Map<String, Optional<Automaton>> found = new LinkedHashMap<>();
        patterns.propertyNames()
                .forEach(pattern ->
                        found.put(pattern, schemas.automaton(RegexParser.search(pattern, JsonText::character))));
        boolean open = additional.isObject()
                || additional.isBoolean() && additional.booleanValue()
                || additional.isMissingNode() && patterns.isMissingNode() && properties.isEmpty() && required.isEmpty();
        for (String name : required) {
            addMissing(name, "required", schema, found, properties, path);
        }
        needs.forEach((name, needed) -> {
            addMissing(name, "dependentRequired", schema, found, properties, path);
            needed.forEach(one -> addMissing(one, "dependentRequired", schema, found, properties, path));
        });
        @Nullable Expr allowedNames = schema.has("propertyNames") ? propertyNames(schema, path) : null;
        Optional<Automaton> allowed = allowedNames == null ? Optional.empty() : schemas.automaton(allowedNames);
        List<Member> members = new ArrayList<>();
        properties.forEach((name, property) -> members.add(new Member(
                name,
                Expr.seq(
                        Expr.text(schema.stringNode(name).toString()),
                        JsonText.COLON,
                        allowedNames == null || matches(allowed, name)
                                ? schemas.nested(
                                        withPatterns(name, property, found, schema), path + "/properties/" + name)
                                : Expr.NOTHING),
                required.contains(name))));
        @Nullable Expr extra = extra(schema, properties.keySet(), allowedNames, open, path);
        int least = JsonSchemaCompiler.count(schema, "minProperties", 0, path);
        int most = JsonSchemaCompiler.count(schema, "maxProperties", Expr.UNBOUNDED, path);
        JsonSchemaCompiler.requireOrder("minProperties", least, "maxProperties", most, path);
        if (extra != null && least > members.size() + 1) {
            throw new GrammarException("minProperties at " + path + " is enforced only up to one more than the "
                    + members.size() + " named properties, since the names of others may repeat; got " + least);
        }
        return schemas.rule(new ObjectMembers(members, extra, least, most, needs).braces());
    }

    private static Set<String> names(JsonNode list) {
        Set<String> names = new LinkedHashSet<>();
        list.forEach(name -> names.add(name.asString("")));
        return names;
    }

    /** A name that must be there is a property like those that are listed. */
    private static void addMissing(
            String name,
            String keyword,
            ObjectNode schema,
            Map<String, Optional<Automaton>> patterns,
            Map<String, JsonNode> properties,
            String path) {
        if (properties.containsKey(name)) {
            return;
        }
        JsonNode additional = schema.path("additionalProperties");
        boolean fits = patterns.values().stream().anyMatch(pattern -> matches(pattern, name));
        if (!fits && additional.isBoolean() && !additional.booleanValue()) {
            throw new GrammarException(keyword + " at " + path + " names \"" + name
                    + "\", which properties do not have and additionalProperties forbid");
        }
        properties.put(name, !fits && additional.isObject() ? additional : schema.booleanNode(true));
    }

    /** The schema of a property with those of the patterns that its name has. */
    private static JsonNode withPatterns(
            String name, JsonNode property, Map<String, Optional<Automaton>> patterns, ObjectNode schema) {
        List<JsonNode> all = new ArrayList<>();
        all.add(property);
        patterns.forEach((pattern, automaton) -> {
            if (matches(automaton, name)) {
                all.add(schema.get("patternProperties").get(pattern));
            }
        });
        return together(all, schema);
    }

    private static boolean matches(Optional<Automaton> texts, String text) {
        return texts.isPresent()
                && texts.get().acceptsPlain(JsonText.written(text).bytes());
    }

    /** One schema for several that all hold. */
    static JsonNode together(List<JsonNode> all, ObjectNode factory) {
        List<JsonNode> saying = all.stream()
                .filter(schema -> !(schema.isBoolean() && schema.booleanValue()))
                .distinct()
                .toList();
        if (saying.stream().anyMatch(JsonNode::isBoolean)) {
            return factory.booleanNode(false);
        }
        if (saying.isEmpty()) {
            return factory.booleanNode(true);
        }
        return saying.size() == 1
                ? saying.getFirst()
                : factory.objectNode().set("allOf", factory.arrayNode().addAll(saying));
    }

    /** A member whose name is none of the properties', if there may be one. */
    private @Nullable Expr extra(
            ObjectNode schema, Set<String> names, @Nullable Expr allowedNames, boolean open, String path) {
        JsonNode patterns = schema.path("patternProperties");
        JsonNode additional = schema.path("additionalProperties");
        if (allowedNames == null && patterns.isEmpty()) {
            return open ? Expr.seq(JsonText.nameExcept(names), JsonText.COLON, additional(additional, path)) : null;
        }
        List<Expr> expressions = new ArrayList<>();
        expressions.add(allowedNames == null ? new Expr.Repeat(JsonText.CHARACTER, 0, Expr.UNBOUNDED) : allowedNames);
        expressions.add(JsonText.oneOf(names.stream()));
        List<String> keys = List.copyOf(patterns.propertyNames());
        keys.forEach(pattern -> expressions.add(RegexParser.search(pattern, JsonText::character)));
        TextSets sets = schemas.textSets(expressions);
        List<Expr> options = new ArrayList<>();
        for (BitSet kind : sets.kinds()) {
            List<JsonNode> values = kind.stream()
                    .filter(i -> i >= 2)
                    .mapToObj(i -> patterns.get(keys.get(i - 2)))
                    .toList();
            if (kind.get(1) || values.isEmpty() && !open) {
                continue;
            }
            Expr value = values.isEmpty()
                    ? additional(additional, path)
                    : schemas.nested(together(values, schema), path + "/patternProperties");
            options.add(Expr.seq(JsonText.string(sets.of(kind)), JsonText.COLON, value));
        }
        return options.isEmpty() ? null : schemas.rule(new Expr.Alt(options));
    }

    private Expr additional(JsonNode additional, String path) {
        return additional.isObject() ? schemas.nested(additional, path + "/additionalProperties") : schemas.any();
    }

    private Expr propertyNames(ObjectNode schema, String path) {
        JsonNode names = schemas.resolved(schema.get("propertyNames"));
        for (String keyword : names.propertyNames()) {
            if (!SchemaKeywords.ANNOTATIONS.contains(keyword)
                    && !Set.of("type", "pattern", "format", "minLength", "maxLength", "enum", "const")
                            .contains(keyword)) {
                throw new GrammarException("propertyNames at " + path
                        + " is enforced with pattern, format, lengths, enum and const, not with " + keyword);
            }
        }
        if (!(names instanceof ObjectNode object)
                || !Set.of("", "string").contains(names.path("type").asString(""))) {
            throw new GrammarException("propertyNames at " + path + " must be a schema of strings");
        }
        if (object.has("enum") || object.has("const")) {
            SchemaKeywords.requireOnlyTypeBeside(object, path + "/propertyNames");
            return JsonText.oneOf(SchemaKeywords.choices(object, path + "/propertyNames").stream()
                    .filter(JsonNode::isString)
                    .map(JsonNode::stringValue));
        }
        return JsonSchemaCompiler.stringContent(object, path + "/propertyNames");
    }
}
