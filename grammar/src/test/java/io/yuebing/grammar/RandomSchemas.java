package io.yuebing.grammar;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** JSON schemas of all keywords that can be kept, drawn at random. */
final class RandomSchemas {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> NAMES = List.of("id", "name", "Größe", "a\"b", "value", "日本", "x-y", "nam");
    /** Not email, for which the validator knows a list of top-level domains. */
    private static final List<String> FORMATS =
            List.of("date", "time", "date-time", "duration", "uuid", "ipv4", "ipv6", "hostname", "uri");

    private static final List<String> WHOLE = List.of("1", "2", "3", "7", "10", "12", "50", "100", "250", "0.5", "1.5");
    private static final List<String> FRACTIONS =
            List.of("0.01", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "30", "1.00");
    private static final List<String> PATTERNS =
            List.of("^[a-z]{2,5}$", "^\\d+(\\.\\d{2})?$", "x", "^(foo|bar)+", "[^a-y]$", "^\\w+\\s\"\\S\\\\?$");

    private final SplittableRandom random;

    RandomSchemas(SplittableRandom random) {
        this.random = random;
    }

    /** A document, perhaps with a tree-shaped definition that refers to itself. */
    String next() {
        ObjectNode schema = schema(3);
        if (random.nextInt(5) == 0) {
            ObjectNode document = JSON.createObjectNode();
            ObjectNode tree = document.putObject("$defs").putObject("tree").put("type", "object");
            ObjectNode properties = tree.putObject("properties");
            properties.set("label", schema);
            properties
                    .putObject("children")
                    .put("type", "array")
                    .put("maxItems", 2)
                    .putObject("items")
                    .put("$ref", "#/$defs/tree");
            tree.putArray("required").add("label");
            tree.put("additionalProperties", false);
            return document.put("$ref", "#/$defs/tree").toString();
        }
        return schema.toString();
    }

    private ObjectNode schema(int depth) {
        ObjectNode schema = JSON.createObjectNode();
        switch (random.nextInt(depth == 0 ? 8 : 14)) {
            case 0 -> schema.put("type", random.nextBoolean() ? "boolean" : "null");
            case 1 -> bounds(schema.put("type", "integer"), false);
            case 2 -> bounds(schema.put("type", "number"), true);
            case 3 -> lengths(schema.put("type", "string"));
            case 4 -> schema.put("type", "string").put("pattern", PATTERNS.get(random.nextInt(PATTERNS.size())));
            case 5 -> schema.put("type", "string").put("format", FORMATS.get(random.nextInt(FORMATS.size())));
            case 6 ->
                schema.putArray("enum").add("a\tb").add(3).add(1.5).addNull().add("\u20ac\ud83d\ude00");
            case 7 -> excluded(schema);
            case 12 -> conditional(schema.put("type", "object"), depth);
            case 8, 13 -> object(schema.put("type", "object"), depth);
            case 9 -> array(schema.put("type", "array"), depth);
            case 10 -> schema.putArray("anyOf").add(schema(depth - 1)).add(schema(depth - 1));
            default -> {
                ArrayNode all = schema.putArray("allOf");
                for (String name : List.of("left", "right")) {
                    ObjectNode part = all.addObject().put("type", "object");
                    part.putObject("properties").set(name, schema(depth - 1));
                    part.putArray("required").add(name);
                }
            }
        }
        return schema;
    }

    private void bounds(ObjectNode schema, boolean fractions) {
        long low = random.nextLong(-2000, 2000);
        long high = low + 1 + random.nextLong(random.nextBoolean() ? 5 : 100_000);
        if (random.nextBoolean()) {
            schema.put(random.nextBoolean() ? "minimum" : "exclusiveMinimum", fractions ? low - 0.25 : low - 1);
        }
        if (random.nextBoolean()) {
            schema.put(random.nextBoolean() ? "maximum" : "exclusiveMaximum", fractions ? high + 0.5 : high + 1);
        }
        // room for a multiple between the bounds
        if (high - low > 1000 && random.nextBoolean()) {
            List<String> steps = fractions ? FRACTIONS : WHOLE;
            schema.put("multipleOf", new BigDecimal(steps.get(random.nextInt(steps.size()))));
        }
    }

    private void lengths(ObjectNode schema) {
        int least = random.nextInt(5);
        if (random.nextBoolean()) {
            schema.put("minLength", least);
        }
        if (random.nextBoolean()) {
            schema.put("maxLength", least + random.nextInt(12));
        }
    }

    private void excluded(ObjectNode schema) {
        switch (random.nextInt(4)) {
            case 0 ->
                schema.putObject("not")
                        .putArray("type")
                        .add("object")
                        .add("array")
                        .add("number");
            case 1 -> {
                schema.putArray("enum").add("a").add(1).add(2.5).add(true).addNull();
                schema.putObject("not").putArray("enum").add(1.0).add("a");
            }
            case 2 -> {
                schema.put("type", "string").put("pattern", "^[ab\\n]{1,2}$");
                schema.putObject("not")
                        .putArray("enum")
                        .add("a")
                        .add("b\n")
                        .add("ba")
                        .add("\n");
            }
            default -> {
                schema.putArray("type").add("string").add("boolean").add("null");
                schema.put("maxLength", 1 + random.nextInt(3)).putObject("not").put("const", random.nextBoolean());
            }
        }
    }

    /** One of two or three kinds, which say what else there is. */
    private void conditional(ObjectNode schema, int depth) {
        boolean open = random.nextInt(4) == 0;
        ObjectNode kind = schema.putObject("properties").putObject("kind");
        if (open) {
            kind.put("type", "string");
        } else {
            kind.putArray("enum").add("x").add("y").add(3);
        }
        if (random.nextBoolean()) {
            schema.putArray("required").add("kind");
        }
        ObjectNode first = condition(schema, "x", depth);
        if (random.nextBoolean()) {
            ObjectNode other = schema.objectNode();
            condition(other, "y", depth);
            schema.putArray("allOf").add(other).addObject().put("type", "object");
        } else if (random.nextBoolean()) {
            first.putObject("else").putObject("properties").set("other", schema(depth - 1));
        }
    }

    private ObjectNode condition(ObjectNode schema, String value, int depth) {
        ObjectNode test = schema.putObject("if");
        test.putObject("properties").putObject("kind").put("const", value);
        if (random.nextBoolean()) {
            test.putArray("required").add("kind");
        }
        ObjectNode then = schema.putObject("then");
        then.putObject("properties").set("then_" + value, schema(depth - 1));
        then.putArray("required").add("then_" + value);
        return schema;
    }

    private void object(ObjectNode schema, int depth) {
        List<String> names = new ArrayList<>(NAMES);
        ObjectNode properties = schema.putObject("properties");
        ArrayNode required = schema.putArray("required");
        for (int i = random.nextInt(5); i > 0; i--) {
            String name = names.remove(random.nextInt(names.size()));
            properties.set(name, schema(depth - 1));
            if (random.nextBoolean()) {
                required.add(name);
            }
        }
        if (random.nextInt(3) == 0) {
            schema.put("minProperties", random.nextInt(properties.size() + 1));
            schema.put("maxProperties", properties.size() + random.nextInt(2));
        }
        if (random.nextInt(4) == 0 && properties.size() > 1) {
            List<String> given = List.copyOf(properties.propertyNames());
            schema.putObject("dependentRequired")
                    .putArray(given.getFirst())
                    .add(given.getLast())
                    .add(given.get(random.nextInt(given.size())));
        }
        switch (random.nextInt(8)) {
            case 4 -> schema.putObject("patternProperties").set("^p_[a-z]{1,3}$", schema(depth - 1));
            case 5 -> {
                ObjectNode patterns = schema.putObject("patternProperties");
                patterns.putObject("^[a-n]").put("type", "integer");
                patterns.putObject("[e-z\"ß]$").put("minimum", -5);
                patterns.set("^9[a-d0-9]{0,3}$", schema(depth - 1));
                properties.propertyNames().stream()
                        .filter(name -> name.matches("[a-n].*|.*[e-zß]"))
                        .toList()
                        .forEach(name -> properties.put(name, true));
                schema.put("additionalProperties", random.nextBoolean());
            }
            case 6 -> {
                schema.putObject("propertyNames").put("pattern", "^[^vx].{0,5}$");
                required.removeAll();
                schema.put("additionalProperties", random.nextBoolean()).put("minProperties", 0);
            }
            case 0 -> schema.put("additionalProperties", false);
            case 1 -> schema.putObject("additionalProperties").put("type", "integer");
            case 2 -> schema.put("additionalProperties", true);
            default -> {}
        }
    }

    private void array(ObjectNode schema, int depth) {
        if (random.nextInt(4) == 0) {
            schema.put("minItems", random.nextInt(3)).put("maxItems", 3).put("minContains", random.nextInt(3));
            schema.putObject("items").put("type", random.nextBoolean() ? "integer" : "number");
            schema.putObject("contains").put("minimum", 10);
            return;
        }
        int least = random.nextInt(3);
        schema.put("minItems", least).put("maxItems", least + random.nextInt(3));
        if (random.nextInt(5) == 0) {
            schema.put("uniqueItems", true)
                    .putObject("items")
                    .putArray("enum")
                    .add("a")
                    .add(1)
                    .addNull()
                    .add("b\"")
                    .add(2.5);
            return;
        }
        if (random.nextBoolean()) {
            schema.putArray("prefixItems").add(schema(depth - 1)).add(schema(depth - 1));
        }
        if (random.nextInt(4) > 0) {
            schema.set("items", schema(depth - 1));
        }
    }
}
