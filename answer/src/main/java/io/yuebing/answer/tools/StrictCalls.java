package io.yuebing.answer.tools;

import io.yuebing.answer.reasoning.ReasoningFormat;
import io.yuebing.api.OutputConstraint;
import io.yuebing.grammar.ConstraintCompiler;
import io.yuebing.grammar.GrammarException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The constraint that leaves an answer free until it calls a tool in its model's own way, and then holds the call to the tools
 * of the request and the schemas of those that are strict.
 *
 * <p>Calls have the layout of the model's chat template. {@code io.yuebing.grammar.CallGrammar} draws the description.
 */
public final class StrictCalls {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Optional<String> NONE = Optional.empty();
    private static final String DEEPSEEK = "<｜tool▁calls▁begin｜>";
    private static final String KIMI = "<|tool_calls_section_begin|>";

    /** Beside these a schema says more about an object than which members it has. */
    private static final Set<String> MEMBER_KEYWORDS = Set.of(
            "type",
            "properties",
            "required",
            "additionalProperties",
            "$defs",
            "definitions",
            "title",
            "description",
            "$schema",
            "$id");

    private final List<JsonNode> tools;
    private final ToolSchemas known;
    private final boolean several;
    private final ObjectNode description = JSON.createObjectNode();
    private final ArrayNode schemas;
    private final ArrayNode sections;

    private StrictCalls(List<JsonNode> tools, boolean several, Collection<String> shown) {
        this.tools = tools;
        this.known = new ToolSchemas(tools);
        this.several = several;
        shown.forEach(description.putArray("tokens")::add);
        schemas = description.putArray("schemas");
        sections = description.putArray("sections");
    }

    /** Whether a tool asks for arguments that keep to its schema. */
    public static boolean asked(JsonNode tool) {
        return tool.path("function").path("strict").asBoolean(false);
    }

    /**
     * The constraint for a format; empty for pythonic calls, which are not held to schemas.
     *
     * @param several whether an answer may call more than one tool
     * @param shown special tokens that count as their text
     * @throws GrammarException if a strict tool's schema cannot be kept in this format
     */
    public static Optional<OutputConstraint> of(
            ToolFormat format, List<JsonNode> tools, boolean several, Collection<String> shown) {
        StrictCalls calls = new StrictCalls(tools, several, shown);
        boolean held = calls.describe(format);
        return held
                ? Optional.of(new OutputConstraint(OutputConstraint.Kind.CALLS, calls.description.toString()))
                : Optional.empty();
    }

    /**
     * The constraint of an answer that may call tools, if some of them are strict.
     *
     * @param several whether an answer may call more than one tool
     * @throws GrammarException if a strict tool's schema cannot be kept in this format
     */
    public static Optional<OutputConstraint> of(
            ToolFormat format, Optional<ReasoningFormat> reasoning, List<JsonNode> tools, boolean several) {
        if (tools.stream().noneMatch(StrictCalls::asked)) {
            return Optional.empty();
        }
        List<String> shown = new ArrayList<>(ToolFormat.TOKENS);
        reasoning.ifPresent(thoughts -> shown.addAll(ReasoningFormat.TOKENS));
        Optional<OutputConstraint> calls = of(format, tools, several, shown);
        calls.ifPresent(ConstraintCompiler::check);
        return calls;
    }

    private boolean describe(ToolFormat format) {
        switch (format) {
            case HERMES ->
                section("<tool_call>", "<tool_call>\n", jsonCalls("{", "arguments"), NONE, "\n</tool_call>", !several);
            case LLAMA3_JSON -> {
                ArrayNode calls = jsonCalls("", "parameters");
                section("<|python_tag|>", "<|python_tag|>{", calls, separated("; {"), "", true);
                section("", "{", calls, separated("; {"), "", true);
            }
            case MISTRAL -> {
                ArrayNode calls = jsonCalls("{", "arguments");
                ArrayNode named = framedCalls("", "[ARGS]", "");
                section("[TOOL_CALLS]", "[TOOL_CALLS][", calls, separated(", "), "]", true);
                section("[TOOL_CALLS]", "[TOOL_CALLS] [", calls, separated(", "), "]", true);
                section("[TOOL_CALLS]", "[TOOL_CALLS]", named, separated("[TOOL_CALLS]"), "", true);
            }
            case PHI4_MINI -> {
                ArrayNode calls = jsonCalls("{", "arguments");
                section("functools[", "functools[", calls, separated(", "), "]", true);
                section("<|tool_call|>", "<|tool_call|>[", calls, separated(", "), "]", true);
                section("<|tool_call|>", "<|tool_call|>[", calls, separated(", "), "]<|/tool_call|>", true);
            }
            case DEEPSEEK_V3 -> {
                ArrayNode calls =
                        framedCalls("<｜tool▁call▁begin｜>function<｜tool▁sep｜>", "\n```json\n", "\n```<｜tool▁call▁end｜>");
                section(DEEPSEEK, DEEPSEEK, calls, separated("\n"), "<｜tool▁calls▁end｜>", true);
            }
            case DEEPSEEK_V31 -> {
                ArrayNode calls = framedCalls("<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>");
                section(DEEPSEEK, DEEPSEEK, calls, separated(""), "<｜tool▁calls▁end｜>", true);
            }
            case KIMI_K2 -> section(KIMI, KIMI, numberedCalls(), separated(""), "<|tool_calls_section_end|>", true);
            case QWEN3_CODER -> {
                ArrayNode calls = taggedCalls(
                        new Tags(">\n", "<parameter=", ">\n", "</parameter>", "\n</parameter>\n", "</function>"));
                section("<tool_call>", "<tool_call>\n<function=", calls, NONE, "\n</tool_call>", !several);
                section("<function=", "<function=", calls, NONE, "", !several);
            }
            case GLM45 -> {
                ArrayNode calls = taggedCalls(new Tags(
                        "\n?", "<arg_key>", "</arg_key>\n?<arg_value>", "</arg_value>", "</arg_value>\n?", ""));
                section("<tool_call>", "<tool_call>", calls, NONE, "</tool_call>", !several);
            }
            case PYTHONIC, FORCED -> {
                return false;
            }
        }
        return true;
    }

    /** What stands between the calls of a section, where it can have several. */
    private Optional<String> separated(String separator) {
        return several ? Optional.of(separator) : NONE;
    }

    private void section(
            String trigger, String begin, ArrayNode calls, Optional<String> separator, String end, boolean last) {
        ObjectNode section = sections.addObject();
        if (!trigger.isEmpty()) {
            section.put("trigger", trigger);
        }
        section.put("begin", begin).put("end", end).put("last", last).set("calls", calls);
        separator.ifPresent(text -> section.put("separator", text));
    }

    // ---- calls whose arguments are one JSON object

    private ArrayNode jsonCalls(String open, String key) {
        ArrayNode calls = JSON.createArrayNode();
        for (JsonNode tool : tools) {
            String head = open + "\"name\": " + JsonText.quote(name(tool)) + ", \"" + key + "\": ";
            text(arguments(text(calls.addArray(), head), tool), "}");
        }
        return calls;
    }

    private ArrayNode framedCalls(String before, String between, String after) {
        ArrayNode calls = JSON.createArrayNode();
        for (JsonNode tool : tools) {
            text(arguments(text(calls.addArray(), before + name(tool) + between), tool), after);
        }
        return calls;
    }

    private ArrayNode numberedCalls() {
        ArrayNode calls = JSON.createArrayNode();
        for (JsonNode tool : tools) {
            ArrayNode call = text(calls.addArray(), "<|tool_call_begin|>functions." + name(tool) + ":");
            call.addObject().put("regex", "[0-9]{1,3}");
            text(arguments(text(call, "<|tool_call_argument_begin|>"), tool), "<|tool_call_end|>");
        }
        return calls;
    }

    private ArrayNode arguments(ArrayNode call, JsonNode tool) {
        JsonNode parameters = tool.path("function").path("parameters");
        boolean held = asked(tool) && parameters.isObject() && !parameters.isEmpty();
        call.addObject()
                .put("json", schema(held ? parameters : JSON.createObjectNode().put("type", "object")));
        return call;
    }

    /** The schema's place; a schema that several sections need is compiled once. */
    private int schema(JsonNode schema) {
        for (int i = 0; i < schemas.size(); i++) {
            if (schemas.get(i).equals(schema)) {
                return i;
            }
        }
        schemas.add(schema);
        return schemas.size() - 1;
    }

    private static ArrayNode text(ArrayNode call, String text) {
        call.addObject().put("text", text);
        return call;
    }

    private static String name(JsonNode tool) {
        return tool.path("function").path("name").stringValue();
    }

    // ---- calls that write each argument between tags

    /** What stands around names and values; {@code after}, {@code close} and {@code afterName} are regular expressions. */
    private record Tags(String afterName, String before, String after, String until, String close, String end) {}

    private ArrayNode taggedCalls(Tags tags) {
        ArrayNode calls = JSON.createArrayNode();
        for (JsonNode tool : tools) {
            ArrayNode call = text(calls.addArray(), name(tool));
            call.addObject().put("regex", tags.afterName());
            if (asked(tool)) {
                members(call, tool, tags);
            } else {
                ArrayNode any = call.addObject().putArray("repeat");
                any.addObject().put("regex", tags.before() + "[A-Za-z0-9_.-]{1,64}" + tags.after());
                string(any, JSON.createObjectNode(), tags);
                any.addObject().put("regex", tags.close());
            }
            text(call, tags.end());
        }
        return calls;
    }

    private void members(ArrayNode call, JsonNode tool, Tags tags) {
        JsonNode parameters = tool.path("function").path("parameters");
        Set<String> required = new TreeSet<>();
        parameters.path("required").forEach(name -> required.add(name.asString("")));
        refuseMore(name(tool), parameters, required);
        for (var property : parameters.path("properties").properties()) {
            String name = property.getKey();
            ArrayNode member = required.contains(name) ? call : call.addObject().putArray("optional");
            text(member, tags.before() + name);
            member.addObject().put("regex", tags.after());
            if (known.isText(name(tool), name)) {
                string(member, property.getValue(), tags);
            } else {
                member.addObject().put("json", schema(withDefinitions(property.getValue(), parameters)));
            }
            member.addObject().put("regex", tags.close());
        }
    }

    private static void string(ArrayNode call, JsonNode schema, Tags tags) {
        ObjectNode part = call.addObject();
        part.set("string", schema);
        part.put("until", tags.until());
    }

    private static void refuseMore(String tool, JsonNode parameters, Set<String> required) {
        for (var keyword : parameters.properties()) {
            boolean open = keyword.getKey().equals("additionalProperties")
                    && keyword.getValue().asBoolean(true);
            if (open || !MEMBER_KEYWORDS.contains(keyword.getKey())) {
                throw new GrammarException("the strict function " + tool + " has \"" + keyword.getKey()
                        + "\" at the top of its parameters, which is not enforced in this model's way to write calls; leave it"
                        + " out or set strict to false");
            }
        }
        for (String name : required) {
            if (!parameters.path("properties").has(name)) {
                throw new GrammarException(
                        "the strict function " + tool + " requires \"" + name + "\", which its properties do not have");
            }
        }
    }

    /** A property's schema as a document of its own, in which the references to definitions still hold. */
    private static JsonNode withDefinitions(JsonNode property, JsonNode parameters) {
        if (!(property.deepCopy() instanceof ObjectNode schema)) {
            return property;
        }
        for (String keyword : List.of("$defs", "definitions")) {
            if (parameters.has(keyword) && !schema.has(keyword)) {
                schema.set(keyword, parameters.get(keyword));
            }
        }
        return schema;
    }
}
