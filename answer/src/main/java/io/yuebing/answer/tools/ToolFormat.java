package io.yuebing.answer.tools;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Predicate;

/** The ways in which models write tool calls. */
public enum ToolFormat {
    KIMI_K2(
            List.of("kimi_k2"),
            template -> template.contains("<|tool_calls_section_begin|>"),
            (sink, schemas) -> new SectionCallParser(sink, Sections.KIMI)),
    DEEPSEEK_V3(
            List.of("deepseek_v3"),
            template -> template.contains("<｜tool▁calls▁begin｜>") && template.contains("```json"),
            (sink, schemas) -> new SectionCallParser(sink, Sections.deepSeek(SectionCallParser.Head.FENCED))),
    DEEPSEEK_V31(
            List.of("deepseek_v31"),
            template -> template.contains("<｜tool▁calls▁begin｜>"),
            (sink, schemas) -> new SectionCallParser(sink, Sections.deepSeek(SectionCallParser.Head.NAME))),
    MISTRAL(
            List.of("mistral"),
            template -> template.contains("[TOOL_CALLS]"),
            (sink, schemas) -> new JsonCallParser(sink, Jsons.MISTRAL, schemas::has)),
    QWEN3_CODER(
            List.of("qwen3_coder", "qwen3_xml"), template -> template.contains("<function="), FunctionTagParser::new),
    GLM45(List.of("glm45", "glm47"), template -> template.contains("<arg_key>"), ArgumentTagParser::new),
    PHI4_MINI(
            List.of("phi4_mini_json", "granite"),
            template -> template.contains("<|tool|>") || template.contains("<|tool_call|>"),
            (sink, schemas) -> new JsonCallParser(sink, Jsons.PHI, schemas::has)),
    HERMES(
            List.of("hermes"),
            template -> template.contains("<tool_call>"),
            (sink, schemas) -> new JsonCallParser(sink, Jsons.HERMES, schemas::has)),
    PYTHONIC(
            List.of("pythonic", "llama4_pythonic"),
            template -> template.contains("[func_name1("),
            PythonicCallParser::new),
    LLAMA3_JSON(
            List.of("llama3_json", "llama4_json"),
            template -> template.contains("<|python_tag|>")
                    || template.contains("<|start_header_id|>") && template.contains("\"parameters\":"),
            (sink, schemas) -> new JsonCallParser(sink, Jsons.LLAMA, schemas::has)),
    /** An array of calls that the answer is forced to be; no model's own format. */
    FORCED(
            List.of(),
            template -> false,
            (sink, schemas) -> new JsonCallParser(callsOnly(sink), Jsons.FORCED, schemas::has));

    /** Tokens that a tokenizer may call special although parsers need their text. */
    public static final List<String> TOKENS = List.of(
            "<tool_call>",
            "</tool_call>",
            "<arg_key>",
            "</arg_key>",
            "<arg_value>",
            "</arg_value>",
            "[TOOL_CALLS]",
            "[ARGS]",
            "[CALL_ID]",
            "<|python_tag|>",
            "<|tool_call|>",
            "<|/tool_call|>",
            "<｜tool▁calls▁begin｜>",
            "<｜tool▁calls▁end｜>",
            "<｜tool▁call▁begin｜>",
            "<｜tool▁call▁end｜>",
            "<｜tool▁sep｜>",
            "<|tool_calls_section_begin|>",
            "<|tool_calls_section_end|>",
            "<|tool_call_begin|>",
            "<|tool_call_end|>",
            "<|tool_call_argument_begin|>");

    private final List<String> names;
    private final Predicate<String> template;
    private final BiFunction<ToolCallSink, ToolSchemas, ToolCallParser> parser;

    ToolFormat(
            List<String> names,
            Predicate<String> template,
            BiFunction<ToolCallSink, ToolSchemas, ToolCallParser> parser) {
        this.names = names;
        this.template = template;
        this.parser = parser;
    }

    /** The names of all formats, as {@code --tool-call-parser} takes them; vLLM's. */
    public static List<String> allNames() {
        return Arrays.stream(values()).flatMap(format -> format.names.stream()).toList();
    }

    /** The format of that name. */
    public static Optional<ToolFormat> named(String name) {
        return Arrays.stream(values())
                .filter(format -> format.names.contains(name))
                .findFirst();
    }

    /** The format in which a chat template shows calls to its model; empty if it shows none of the known ones. */
    public static Optional<ToolFormat> ofTemplate(String source) {
        return Arrays.stream(values())
                .filter(format -> format.template.test(source))
                .findFirst();
    }

    /** The name under which logs show it. */
    public String parserName() {
        return names.getFirst();
    }

    /** Ids of calls in this format: Mistral's templates take nine letters and digits only. */
    public boolean hasShortIds() {
        return this == MISTRAL;
    }

    /** Special tokens that open calls and cannot be part of anything else, not even of a thought. */
    public List<String> sectionStarts() {
        return switch (this) {
            case KIMI_K2 -> List.of(Sections.KIMI.section());
            case DEEPSEEK_V3,
                    DEEPSEEK_V31,
                    MISTRAL,
                    QWEN3_CODER,
                    GLM45,
                    PHI4_MINI,
                    HERMES,
                    PYTHONIC,
                    LLAMA3_JSON,
                    FORCED -> List.of();
        };
    }

    /** A parser for one answer. */
    public ToolCallParser parser(ToolCallSink sink, ToolSchemas schemas) {
        return parser.apply(sink, schemas);
    }

    /** What breaks off before it is a call is nothing that anybody wrote. */
    private static ToolCallSink callsOnly(ToolCallSink sink) {
        return new ToolCallSink() {
            @Override
            public void content(String text) {
                // brackets, and the beginning of a call
            }

            @Override
            public void call(String name, String id) {
                sink.call(name, id);
            }

            @Override
            public void arguments(String json) {
                sink.arguments(json);
            }
        };
    }

    private static final class Jsons {
        static final JsonCallParser.Marks HERMES =
                new JsonCallParser.Marks(List.of("<tool_call>"), "</tool_call>", false, false);
        static final JsonCallParser.Marks LLAMA = new JsonCallParser.Marks(List.of("<|python_tag|>"), "", true, false);
        static final JsonCallParser.Marks FORCED = new JsonCallParser.Marks(List.of("["), "]", false, false);
        static final JsonCallParser.Marks PHI =
                new JsonCallParser.Marks(List.of("functools", "<|tool_call|>"), "<|/tool_call|>", false, false);
        static final JsonCallParser.Marks MISTRAL = new JsonCallParser.Marks(List.of("[TOOL_CALLS]"), "", false, true);
    }

    private static final class Sections {
        static final SectionCallParser.Marks KIMI = new SectionCallParser.Marks(
                "<|tool_calls_section_begin|>",
                "<|tool_call_begin|>",
                "<|tool_call_argument_begin|>",
                "<|tool_call_end|>",
                "<|tool_calls_section_end|>",
                SectionCallParser.Head.NUMBERED);

        static SectionCallParser.Marks deepSeek(SectionCallParser.Head head) {
            return new SectionCallParser.Marks(
                    "<｜tool▁calls▁begin｜>",
                    "<｜tool▁call▁begin｜>",
                    "<｜tool▁sep｜>",
                    "<｜tool▁call▁end｜>",
                    "<｜tool▁calls▁end｜>",
                    head);
        }
    }
}
