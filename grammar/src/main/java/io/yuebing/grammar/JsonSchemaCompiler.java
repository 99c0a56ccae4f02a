package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Turns a JSON schema into the rules of a grammar whose texts all validate against it.
 *
 * <p>Not all that validates can be written: see docs/STRUCTURED_OUTPUT.md. A keyword that would not be kept is refused by
 * name.
 */
final class JsonSchemaCompiler {
    private static final int MAX_DEPTH = 100;
    private static final int MAX_RULES = 5_000;
    private static final int MAX_SCHEMAS = 5_000;
    private static final int MAX_COUNT = 10_000;
    private static final long MAX_TEXT_WORK = 4_000_000;
    /** An upper bound is not known for expressions that match nothing. */
    private static final long WORK_FOR_NONE = 100_000;

    private static final Set<String> TYPES =
            Set.of("object", "array", "string", "integer", "number", "boolean", "null");

    private final JsonNode document;
    private final SchemaMerge merge = new SchemaMerge();
    private final List<Expr> rules;
    private final Map<String, Expr.Ref> references = new HashMap<>();
    private Expr.@Nullable Ref anyValue;
    private int depth;
    private int schemas;
    /** Steps spent on automata of single texts. */
    private long textWork;

    private JsonSchemaCompiler(JsonNode document, List<Expr> rules) {
        this.document = document;
        this.rules = rules;
    }

    /** The rules, the document's first. */
    static List<Expr> compile(JsonNode schema) {
        List<Expr> rules = new ArrayList<>();
        compile(schema, rules);
        return rules;
    }

    /** Adds the rules of a document to those of a larger grammar; returns the document's. */
    static Expr.Ref compile(JsonNode schema, List<Expr> rules) {
        JsonSchemaCompiler compiler = new JsonSchemaCompiler(schema, rules);
        Expr.Ref document = compiler.rule();
        rules.set(document.rule(), compiler.value(schema, "#"));
        return document;
    }

    // ---- one schema

    private Expr value(JsonNode schema, String path) {
        if (++depth > MAX_DEPTH) {
            throw new GrammarException("The schema nests deeper than " + MAX_DEPTH + " levels at " + path);
        }
        if (++schemas > MAX_SCHEMAS) {
            throw GrammarException.tooLarge("schemas within each other", MAX_SCHEMAS);
        }
        Expr expr;
        if (schema.isBoolean()) {
            expr = schema.booleanValue() ? any() : Expr.NOTHING;
        } else if (schema instanceof ObjectNode object) {
            expr = combined(object, path);
        } else {
            throw new GrammarException("The schema at " + path + " must be an object or a boolean");
        }
        depth--;
        return expr;
    }

    private Expr combined(ObjectNode schema, String path) {
        SchemaKeywords.refuseUnknown(schema, path);
        if (schema.has("$ref")) {
            merge.requireAlone(schema, "$ref", path);
            return reference(schema.get("$ref").asString(""), path);
        }
        if (schema.has("allOf") || schema.has("if")) {
            List<Expr> options = new ArrayList<>();
            for (ObjectNode branch : new Conditions(merge, this::resolved, path).split(schema)) {
                options.add(value(branch, path));
            }
            return new Expr.Alt(options);
        }
        for (String keyword : List.of("anyOf", "oneOf")) {
            if (schema.has(keyword)) {
                List<ObjectNode> branches = merge.branches(schema, keyword, this::resolved, path);
                if (keyword.equals("oneOf")) {
                    SchemaKeywords.requireDisjoint(branches, this::resolved, path);
                }
                List<Expr> options = new ArrayList<>();
                for (int i = 0; i < branches.size(); i++) {
                    options.add(value(branches.get(i), path + "/" + keyword + "/" + i));
                }
                return new Expr.Alt(options);
            }
        }
        boolean nullable = schema.path("nullable").asBoolean(false);
        Expr expr = schema.has("enum") || schema.has("const") ? literals(schema, path) : typed(schema, path);
        return nullable ? Expr.alt(expr, JsonText.NULL) : expr;
    }

    private Expr reference(String pointer, String path) {
        Expr.Ref known = references.get(pointer);
        if (known != null) {
            return known;
        }
        JsonNode target = target(pointer, path);
        Expr.Ref ref = rule();
        references.put(pointer, ref);
        rules.set(ref.rule(), value(target, pointer));
        return ref;
    }

    private JsonNode target(String pointer, String path) {
        JsonNode target = document;
        if (!pointer.startsWith("#")) {
            throw new GrammarException(
                    "$ref at " + path + " must begin with #, since only the schema itself is read; got " + pointer);
        }
        for (String step : pointer.substring(1).split("/", -1)) {
            if (!step.isEmpty()) {
                String name = step.replace("~1", "/").replace("~0", "~");
                target = target.isArray() && name.matches("\\d{1,6}")
                        ? target.path(Integer.parseInt(name))
                        : target.path(name);
            }
        }
        if (target.isMissingNode()) {
            throw new GrammarException("$ref at " + path + " points to " + pointer + ", which is not in the schema");
        }
        return target;
    }

    /** Follows references to a schema that says something itself. */
    JsonNode resolved(JsonNode schema) {
        JsonNode at = schema;
        for (int hops = 0; at.has("$ref"); hops++) {
            if (hops > MAX_DEPTH) {
                throw new GrammarException("$ref " + schema.get("$ref") + " only leads to itself");
            }
            at = target(at.get("$ref").asString(""), "#");
        }
        return at;
    }

    private Expr.Ref rule() {
        if (rules.size() >= MAX_RULES) {
            throw GrammarException.tooLarge("rules", MAX_RULES);
        }
        rules.add(Expr.NOTHING);
        return new Expr.Ref(rules.size() - 1);
    }

    private Expr literals(ObjectNode schema, String path) {
        SchemaKeywords.requireOnlyTypeBeside(schema, path);
        return oneOf(
                SchemaKeywords.choices(schema, path).stream().filter(value -> !Negation.excludes(schema, value, path)));
    }

    private static Expr oneOf(Stream<? extends JsonNode> values) {
        return new Expr.Alt(values.map(value -> Expr.text(value.toString())).toList());
    }

    private Expr typed(ObjectNode schema, String path) {
        Set<String> types = SchemaKeywords.types(schema, path);
        if (types.isEmpty()) {
            types = SchemaKeywords.impliedTypes(schema);
        }
        types = Negation.types(schema, types, path);
        if (types.isEmpty()) {
            return schema.has("not") ? Expr.NOTHING : any();
        }
        List<Expr> options = new ArrayList<>();
        for (String type : types) {
            options.add(
                    switch (type) {
                        case "object" -> new ObjectRules(this).of(schema, path);
                        case "array" -> new ArrayRules(this).of(schema, path);
                        case "string" -> string(schema, path);
                        case "integer" -> number(schema, true, path);
                        case "number" -> number(schema, false, path);
                        case "boolean" ->
                            oneOf(Stream.of(true, false)
                                    .map(schema::booleanNode)
                                    .filter(value -> !Negation.excludes(schema, value, path)));
                        case "null" ->
                            Negation.excludes(schema, schema.nullNode(), path) ? Expr.NOTHING : JsonText.NULL;
                        default ->
                            throw new GrammarException("type at " + path + " must be one of "
                                    + TYPES.stream().sorted().toList() + ", got " + type);
                    });
        }
        return new Expr.Alt(options);
    }

    Expr any() {
        if (anyValue == null) {
            Expr.Ref ref = rule();
            anyValue = ref;
            Expr member = Expr.seq(JsonText.STRING, JsonText.COLON, ref);
            rules.set(
                    ref.rule(),
                    Expr.alt(
                            JsonText.STRING,
                            NumberRanges.numbers(null, null),
                            JsonText.BOOLEAN,
                            JsonText.NULL,
                            Expr.seq(Expr.text("{"), JsonText.list(member, 0, Expr.UNBOUNDED), Expr.text("}")),
                            Expr.seq(Expr.text("["), JsonText.list(ref, 0, Expr.UNBOUNDED), Expr.text("]"))));
        }
        return anyValue;
    }

    /** A property that can never be given must not make its object impossible, so it is a rule of its own. */
    Expr nested(JsonNode schema, String path) {
        Expr expr = value(schema, path);
        if (expr instanceof Expr.Ref) {
            return expr;
        }
        Expr.Ref ref = rule();
        rules.set(ref.rule(), expr);
        return ref;
    }

    /** The automaton of a text, to look at it by itself; empty if there is no such text. */
    Optional<Automaton> automaton(Expr text) {
        Optional<Automaton> automaton = AutomatonBuilder.ifAny(List.of(text));
        spend(automaton.map(Automaton::work).orElse(WORK_FOR_NONE));
        return automaton;
    }

    /** Tells texts apart by which of the expressions they match; only those of the first are looked at. */
    TextSets textSets(List<Expr> expressions) {
        TextSets sets = new TextSets(expressions.stream().map(this::automaton).toList());
        spend(sets.states() * 256L);
        return sets;
    }

    private void spend(long work) {
        textWork += work;
        if (textWork > MAX_TEXT_WORK) {
            throw GrammarException.tooLarge("steps to look at patterns and names", MAX_TEXT_WORK);
        }
    }

    /** A new rule of the grammar. */
    Expr.Ref rule(Expr expr) {
        Expr.Ref ref = rule();
        rules.set(ref.rule(), expr);
        return ref;
    }

    // ---- strings and numbers

    private Expr string(ObjectNode schema, String path) {
        Expr content = stringContent(schema, path);
        List<JsonNode> excluded = Negation.values(schema, path);
        if (excluded.isEmpty()) {
            return JsonText.string(content);
        }
        Expr texts = JsonText.oneOf(excluded.stream().filter(JsonNode::isString).map(JsonNode::stringValue));
        BitSet onlyContent = new BitSet();
        onlyContent.set(0);
        return JsonText.string(textSets(List.of(content, texts)).of(onlyContent));
    }

    /** The content of a string schema's strings as it stands in quotes. */
    static Expr stringContent(ObjectNode schema, String path) {
        return string(schema, JsonText::character, JsonText.CHARACTER, Expr.NOTHING, path);
    }

    /**
     * The content of a string schema's strings as they are, without quotes and escapes.
     *
     * @param until a marker that ends the text and is not part of it
     */
    static Expr bareString(JsonNode schema, String until) {
        CodePoints first = CodePoints.one(until.codePointAt(0));
        Expr character = Expr.chars(first.not());
        return string(
                schema,
                set -> Expr.chars(set.without(first)),
                character,
                new MarkerText(List.of(until)).without(),
                "#");
    }

    /**
     * The content of strings.
     *
     * @param written how one character of a set is written
     * @param character any character
     * @param any any content, or nothing if characters say it
     */
    private static Expr string(
            JsonNode schema, Function<CodePoints, Expr> written, Expr character, Expr any, String path) {
        int least = count(schema, "minLength", 0, path);
        int most = count(schema, "maxLength", Expr.UNBOUNDED, path);
        requireOrder("minLength", least, "maxLength", most, path);
        if (schema.has("pattern") && schema.has("format")) {
            throw new GrammarException(
                    "Only one of pattern and format can be kept at " + path + "; write them as one pattern");
        }
        if (schema.has("pattern")) {
            String pattern = schema.get("pattern").asString("");
            requireLength("pattern", RegexParser.search(pattern, Expr::chars), least, most, path);
            return RegexParser.search(pattern, written);
        }
        if (schema.has("format")) {
            String format = schema.get("format").asString("");
            String expression = StringFormats.expression(format)
                    .orElseThrow(() -> new GrammarException("format \"" + format + "\" at " + path
                            + " is not enforced; use pattern or one of " + StringFormats.names()));
            requireLength("format", RegexParser.whole(expression, Expr::chars), least, most, path);
            return RegexParser.whole(expression, written);
        }
        boolean bounded = least > 0 || most != Expr.UNBOUNDED;
        return bounded || any.equals(Expr.NOTHING) ? new Expr.Repeat(character, least, most) : any;
    }

    /** Lengths beside a pattern or format are kept only where its texts have them anyway. */
    private static void requireLength(String keyword, Expr text, int least, int most, String path) {
        TextLength length = TextLength.of(text);
        if (!length.within(least, most)) {
            throw new GrammarException("minLength and maxLength at " + path + " are not enforced beside a " + keyword
                    + " whose texts have " + length.least() + " to "
                    + (length.most() == Expr.UNBOUNDED ? "any number of" : length.most())
                    + " characters; bound the repetitions of a pattern instead");
        }
    }

    private static Expr number(ObjectNode schema, boolean whole, String path) {
        NumberRanges.Bound least = SchemaKeywords.bound(schema, "minimum", "exclusiveMinimum", path);
        NumberRanges.Bound most = SchemaKeywords.bound(schema, "maximum", "exclusiveMaximum", path);
        JsonNode step = schema.path("multipleOf");
        if (step.isMissingNode()) {
            return whole ? NumberRanges.integers(least, most) : NumberRanges.numbers(least, most);
        }
        if (!step.isNumber()) {
            throw new GrammarException("multipleOf at " + path + " must be a number, got " + step);
        }
        return NumberMultiples.of(step.decimalValue(), least, most, whole, path);
    }

    static int count(JsonNode schema, String keyword, int absent, String path) {
        if (!schema.has(keyword)) {
            return absent;
        }
        JsonNode value = schema.get(keyword);
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < 0
                || value.intValue() > MAX_COUNT) {
            throw new GrammarException(
                    keyword + " at " + path + " must be an integer in [0, " + MAX_COUNT + "], got " + value);
        }
        return value.intValue();
    }

    static void requireOrder(String least, int low, String most, int high, String path) {
        if (high != Expr.UNBOUNDED && low > high) {
            throw new GrammarException(least + " at " + path + " is " + low + ", more than " + most + " " + high);
        }
    }
}
