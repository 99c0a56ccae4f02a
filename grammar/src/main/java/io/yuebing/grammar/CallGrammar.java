package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Turns a description of tool calls within free text into the rules of a grammar.
 *
 * <pre>
 *   {"tokens": ["&lt;tool_call>", ...],           special tokens that count as their text
 *    "schemas": [SCHEMA, ...],
 *    "sections": [{
 *      "trigger": "&lt;tool_call>",               free text ends here; absent = at the answer's beginning
 *      "begin": "&lt;tool_call>\n",              begins with the trigger
 *      "calls": [[PART, ...], ...],            one of these
 *      "separator": ", ",                      between calls; absent = exactly one call
 *      "end": "\n&lt;/tool_call>",
 *      "last": true}]}                         nothing follows; otherwise free text does
 *
 *   PART  {"text": "..."} | {"regex": "..."} | {"json": SCHEMA'S PLACE}
 *       | {"string": SCHEMA, "until": "&lt;/arg>"}        a string without quotes, in which the marker cannot stand
 *       | {"optional": [PART, ...]} | {"repeat": [PART, ...]}
 * </pre>
 *
 * <p>Where a section is possible at the beginning, an answer that begins like it, white space aside, is one.
 */
final class CallGrammar {
    private static final CodePoints SPACE = CodePoints.anyOf(" \t\r\n");

    private final JsonNode source;
    private final List<Expr> rules = new ArrayList<>();
    private final List<Expr.Ref> schemas = new ArrayList<>();

    private CallGrammar(JsonNode source) {
        this.source = source;
    }

    /** The rules, the answer's first. */
    static List<Expr> compile(JsonNode source) {
        CallGrammar grammar = new CallGrammar(source);
        grammar.rules.add(Expr.NOTHING);
        for (JsonNode schema : source.path("schemas")) {
            grammar.schemas.add(JsonSchemaCompiler.compile(schema, grammar.rules));
        }
        grammar.rules.set(0, grammar.answer());
        return grammar.rules;
    }

    /** States of the graph: those of the text, then the answer's beginning, then its end. */
    private Expr answer() {
        List<String> triggers = new ArrayList<>();
        List<JsonNode> atStart = new ArrayList<>();
        for (JsonNode section : source.path("sections")) {
            if (!section.has("trigger")) {
                atStart.add(section);
            } else if (!triggers.contains(section.path("trigger").stringValue())) {
                triggers.add(section.path("trigger").stringValue());
            }
        }
        MarkerText text = new MarkerText(triggers);
        int start = text.states();
        int end = start + 1;
        List<Expr.Edge> edges = new ArrayList<>();
        List<Expr> bodies = triggers.stream().map(this::begun).toList();
        List<Expr> lastBodies = triggers.stream().map(this::last).toList();
        for (int state = 0; state < text.states(); state++) {
            step(text, state, state, CodePoints.of(), bodies, lastBodies, edges, end);
        }
        CodePoints taken = atStart.isEmpty() ? CodePoints.of() : firsts(atStart).or(SPACE);
        step(text, 0, start, taken, bodies, lastBodies, edges, end);
        if (!atStart.isEmpty()) {
            edges.add(new Expr.Edge(start, Expr.chars(SPACE), start));
            atStart.forEach(section -> edges.add(new Expr.Edge(start, section(section, ""), end)));
        }
        // the graph begins at state 0, so the beginning and the text's state 0 change places
        return new Expr.Graph(
                end + 1,
                edges.stream()
                        .map(edge -> new Expr.Edge(swap(edge.from(), start), edge.body(), swap(edge.to(), start)))
                        .toList());
    }

    private static int swap(int state, int start) {
        return state == 0 ? start : state == start ? 0 : state;
    }

    /** What may follow at a state of the text. */
    private static void step(
            MarkerText text,
            int state,
            int from,
            CodePoints taken,
            List<Expr> bodies,
            List<Expr> lastBodies,
            List<Expr.Edge> edges,
            int end) {
        edges.add(new Expr.Edge(from, Expr.chars(text.others().without(taken)), 0));
        edges.add(new Expr.Edge(from, Expr.EMPTY, end));
        for (Map.Entry<Integer, Integer> step : text.steps(state).entrySet()) {
            if (taken.contains(step.getKey())) {
                continue;
            }
            Expr character = Expr.chars(CodePoints.one(step.getKey()));
            int to = step.getValue();
            if (to >= 0) {
                edges.add(new Expr.Edge(from, character, to));
            } else {
                edges.add(new Expr.Edge(from, Expr.seq(character, bodies.get(-1 - to)), 0));
                edges.add(new Expr.Edge(from, Expr.seq(character, lastBodies.get(-1 - to)), end));
            }
        }
    }

    /** The sections of a trigger, after it, that free text may follow. */
    private Expr begun(String trigger) {
        return sections(trigger, false);
    }

    /** The sections of a trigger, after it, that nothing follows. */
    private Expr last(String trigger) {
        return sections(trigger, true);
    }

    private Expr sections(String trigger, boolean last) {
        List<Expr> options = new ArrayList<>();
        for (JsonNode section : source.path("sections")) {
            if (trigger.equals(section.path("trigger").asString(""))
                    && section.path("last").asBoolean(false) == last) {
                options.add(section(section, trigger));
            }
        }
        return rule(new Expr.Alt(options));
    }

    private static CodePoints firsts(List<JsonNode> sections) {
        CodePoints firsts = CodePoints.of();
        for (JsonNode section : sections) {
            firsts =
                    firsts.or(CodePoints.one(section.path("begin").stringValue().codePointAt(0)));
        }
        return firsts;
    }

    private Expr section(JsonNode section, String trigger) {
        List<Expr> options = new ArrayList<>();
        section.path("calls").forEach(call -> options.add(parts(call)));
        Expr call = rule(new Expr.Alt(options));
        Expr calls = section.has("separator")
                ? Expr.seq(
                        call,
                        new Expr.Repeat(
                                Expr.seq(Expr.text(section.path("separator").stringValue()), call), 0, Expr.UNBOUNDED))
                : call;
        return Expr.seq(
                Expr.text(section.path("begin").stringValue().substring(trigger.length())),
                calls,
                Expr.text(section.path("end").stringValue()));
    }

    private Expr parts(JsonNode parts) {
        List<Expr> sequence = new ArrayList<>();
        parts.forEach(part -> sequence.add(part(part)));
        return new Expr.Seq(sequence);
    }

    private Expr part(JsonNode part) {
        Map.Entry<String, JsonNode> first = part.properties().iterator().next();
        JsonNode value = first.getValue();
        return switch (first.getKey()) {
            case "text" -> Expr.text(value.stringValue());
            case "regex" -> RegexParser.whole(value.stringValue());
            case "json" -> schemas.get(value.intValue());
            case "string" -> rule(bareString(value, part.path("until").stringValue()));
            case "optional" -> Expr.optional(parts(value));
            case "repeat" -> new Expr.Repeat(parts(value), 0, Expr.UNBOUNDED);
            default -> throw new GrammarException("a call has no part \"" + first.getKey() + "\"");
        };
    }

    private Expr.Ref rule(Expr expr) {
        rules.add(expr);
        return new Expr.Ref(rules.size() - 1);
    }

    // ---- strings without quotes

    /** Texts of a schema's strings; of what else it allows only {@code null}. */
    private static Expr bareString(JsonNode given, String until) {
        if (!(given instanceof ObjectNode schema)) {
            return new MarkerText(List.of(until)).without();
        }
        SchemaKeywords.refuseUnknown(schema, "#");
        for (String keyword : List.of("allOf", "$ref", "not", "if")) {
            if (schema.has(keyword)) {
                throw new GrammarException("The schema keyword \"" + keyword
                        + "\" of a string parameter is not enforced in this model's way to write calls; write it out");
            }
        }
        for (String keyword : List.of("anyOf", "oneOf")) {
            if (schema.has(keyword)) {
                List<Expr> options = new ArrayList<>();
                schema.path(keyword).forEach(branch -> options.add(bareString(branch, until)));
                return new Expr.Alt(options);
            }
        }
        Set<String> types = SchemaKeywords.types(schema, "#");
        List<Expr> options = new ArrayList<>();
        if (schema.has("enum") || schema.has("const")) {
            SchemaKeywords.requireOnlyTypeBeside(schema, "#");
            Iterable<JsonNode> values = schema.has("const") ? List.of(schema.path("const")) : schema.path("enum");
            for (JsonNode value : values) {
                if (value.isString() || value.isNull()) {
                    options.add(Expr.text(value.isNull() ? "null" : value.stringValue()));
                }
            }
        } else {
            if (types.isEmpty() || types.contains("string")) {
                options.add(JsonSchemaCompiler.bareString(schema, until));
            }
            if (types.contains("null") || schema.path("nullable").asBoolean(false)) {
                options.add(JsonText.NULL);
            }
        }
        return new Expr.Alt(options);
    }
}
