package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Turns schemas of arrays into rules. */
final class ArrayRules {
    private static final int MAX_STATES = 50_000;

    private final JsonSchemaCompiler schemas;

    ArrayRules(JsonSchemaCompiler schemas) {
        this.schemas = schemas;
    }

    Expr of(ObjectNode schema, String path) {
        int least = JsonSchemaCompiler.count(schema, "minItems", 0, path);
        int most = JsonSchemaCompiler.count(schema, "maxItems", Expr.UNBOUNDED, path);
        JsonSchemaCompiler.requireOrder("minItems", least, "maxItems", most, path);
        JsonNode prefix = schema.path("prefixItems");
        JsonNode items = schema.path("items");
        if (items.isArray()) {
            throw new GrammarException(
                    "items at " + path + " must be one schema; write prefixItems for a list of them");
        }
        int wanted = schema.has("contains") ? JsonSchemaCompiler.count(schema, "minContains", 1, path) : 0;
        boolean unique = schema.path("uniqueItems").asBoolean(false) && most != 1 && most != 0;
        if (wanted > 0 && (unique || !prefix.isMissingNode())) {
            throw new GrammarException(
                    "contains at " + path + " is not enforced beside " + (unique ? "uniqueItems" : "prefixItems"));
        }
        if (unique) {
            List<JsonNode> values = schemas.resolved(items) instanceof ObjectNode choice && prefix.isMissingNode()
                    ? SchemaKeywords.choices(choice, path + "/items")
                    : List.of();
            return Expr.seq(Expr.text("["), UniqueItems.of(values, least, most, path), Expr.text("]"));
        }
        boolean closed = items.isBoolean() && !items.booleanValue();
        Expr element =
                closed ? Expr.NOTHING : items.isMissingNode() ? schemas.any() : schemas.nested(items, path + "/items");
        if (wanted > 0) {
            JsonNode both = ObjectRules.together(
                    items.isMissingNode() ? List.of(schema.get("contains")) : List.of(items, schema.get("contains")),
                    schema);
            Expr found = schemas.nested(both, path + "/contains");
            return brackets(containing(element, found, wanted, least, most));
        }
        List<Expr> first = IntStream.range(0, prefix.size())
                .mapToObj(i -> schemas.nested(prefix.get(i), path + "/prefixItems/" + i))
                .toList();
        return brackets(elements(first, element, least, most));
    }

    private Expr brackets(Expr elements) {
        return schemas.rule(Expr.seq(Expr.text("["), elements, Expr.text("]")));
    }

    private static Expr elements(List<Expr> first, Expr element, int least, int most) {
        int given = most == Expr.UNBOUNDED ? first.size() : Math.min(first.size(), most);
        int restMost = most == Expr.UNBOUNDED ? Expr.UNBOUNDED : most - given;
        if (given == 0) {
            return JsonText.list(element, least, restMost);
        }
        Expr tail = restMost == 0
                ? Expr.EMPTY
                : new Expr.Repeat(Expr.seq(JsonText.COMMA, element), Math.max(0, least - given), restMost);
        for (int i = given - 1; i >= 0; i--) {
            Expr here = i == 0 ? first.get(i) : Expr.seq(JsonText.COMMA, first.get(i));
            tail = Expr.seq(here, tail);
            if (i >= least) {
                tail = Expr.optional(tail);
            }
        }
        return tail;
    }

    /** State: how many elements there are, counted up to {@code cap}, and how many of those that are wanted. */
    private static Expr containing(Expr element, Expr found, int wanted, int least, int most) {
        int cap = most == Expr.UNBOUNDED ? Math.max(1, least) : most;
        if ((cap + 1L) * (wanted + 1L) > MAX_STATES) {
            throw GrammarException.tooLarge("states for one array's elements", MAX_STATES);
        }
        int end = (cap + 1) * (wanted + 1);
        List<Expr.Edge> edges = new ArrayList<>();
        for (int count = 0; count <= cap; count++) {
            for (int have = 0; have <= wanted; have++) {
                int from = count * (wanted + 1) + have;
                if (most == Expr.UNBOUNDED || count < most) {
                    int next = Math.min(count + 1, cap) * (wanted + 1);
                    edges.add(new Expr.Edge(from, after(count, element), next + have));
                    if (have < wanted) {
                        edges.add(new Expr.Edge(from, after(count, found), next + have + 1));
                    }
                }
                if (count >= least && have == wanted) {
                    edges.add(new Expr.Edge(from, Expr.EMPTY, end));
                }
            }
        }
        return new Expr.Graph(end + 1, edges);
    }

    private static Expr after(int count, Expr element) {
        return count == 0 ? element : Expr.seq(JsonText.COMMA, element);
    }
}
