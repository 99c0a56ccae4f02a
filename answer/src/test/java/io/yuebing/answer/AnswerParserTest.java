package io.yuebing.answer;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.answer.reasoning.ReasoningFormat;
import io.yuebing.answer.tools.ToolFormat;
import io.yuebing.answer.tools.ToolSchemas;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class AnswerParserTest {
    private static final JsonNode TOOLS = JsonMapper.shared().readTree("""
            [{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{
               "city":{"type":"string"},"days":{"type":"integer"},"options":{"type":"object"},"tags":{"type":"array"}}}}},
             {"type":"function","function":{"name":"get_time"}}]
            """);
    private static final ToolSchemas SCHEMAS = new ToolSchemas(TOOLS);

    /** What an answer came to, in one line: content, then calls, then thoughts. */
    private static String read(ToolFormat format, Iterable<String> pieces) {
        AnswerReading reading =
                new AnswerReading(Optional.of(format), SCHEMAS, true, Optional.of(ReasoningFormat.THINK), true);
        return gather(new AnswerParser(reading, "", () -> "id"), pieces);
    }

    private static String gather(AnswerParser parser, Iterable<String> pieces) {
        StringBuilder content = new StringBuilder();
        StringBuilder thoughts = new StringBuilder();
        List<String> heads = new ArrayList<>();
        List<StringBuilder> arguments = new ArrayList<>();
        List<AnswerPart> parts = new ArrayList<>();
        pieces.forEach(piece -> parts.addAll(parser.append(piece)));
        parts.addAll(parser.finish());
        for (AnswerPart part : parts) {
            switch (part) {
                case AnswerPart.Content c -> content.append(c.text());
                case AnswerPart.Reasoning r -> thoughts.append(r.text());
                case AnswerPart.CallStart call -> {
                    assertThat(call.index()).isEqualTo(heads.size());
                    heads.add(call.id() + " " + call.name());
                    arguments.add(new StringBuilder());
                }
                case AnswerPart.CallArguments more ->
                    arguments.get(more.index()).append(more.json());
            }
        }
        StringBuilder line = new StringBuilder(content);
        for (int i = 0; i < heads.size(); i++) {
            line.append(" | ").append(heads.get(i)).append(' ').append(arguments.get(i));
        }
        return line + (thoughts.isEmpty() ? "" : " ~ " + thoughts);
    }

    static Stream<Arguments> answers() {
        String hard = "{\"city\": \"Zü\\\"rich 🎉 \\\\\", \"options\": {\"a\": [1, {\"b\": null}]}, \"days\": 2}";
        String time = "{\"zone\": \"UTC\"}";
        List<Arguments> all = new ArrayList<>();
        ToolFormat f = ToolFormat.HERMES;
        all.add(Arguments.of(f, "Just <tool text.\n", "Just <tool text.\n"));
        all.add(Arguments.of(
                f,
                "Look 🎉:\n<tool_call>\n{\"name\": \"weather\", \"arguments\": " + hard
                        + "}\n</tool_call>\n<tool_call>\n{\"arguments\": " + time
                        + ", \"name\": \"get_time\"}\n</tool_call>\nDone.",
                "Look 🎉:\nDone. | id weather " + hard + " | id get_time " + time));
        all.add(Arguments.of(
                f,
                "<tool_call>{\"name\": \"weather\", \"arguments\": \"{\\\"days\\\": 3}\"}</tool_call>",
                " | id weather {\"days\": 3}"));
        all.add(Arguments.of(f, "<tool_call>{\"name\": \"get_time\"}</tool_call>", " | id get_time {}"));
        all.add(Arguments.of(
                f, "<tool_call>{\"name\": \"get_time\", \"arguments\": \"\"}</tool_call>", " | id get_time {}"));
        all.add(Arguments.of(
                f,
                "<tool_call>{\"name\": \"taxi\", \"arguments\": {\"x\": \"}}</tool_call>\\u00e9 {[\"}}</tool_call>",
                " | id taxi {\"x\": \"}}</tool_call>\\u00e9 {[\"}"));
        all.add(Arguments.of(f, "<tool_call>{\"nome\": 1}</tool_call> x", "<tool_call>{\"nome\": 1}</tool_call> x"));
        all.add(Arguments.of(f, "<tool_call>\n{\"name\": \"weath", "<tool_call>\n{\"name\": \"weath"));
        all.add(Arguments.of(f, "<tool_call>\n{\"name\": \"weather\", \"argu", " | id weather "));
        all.add(Arguments.of(
                f, "<tool_call>{\"name\": \"get\\u005Ftime\", \"arguments\": {}}</tool_call>", " | id get_time {}"));
        all.add(Arguments.of(
                f,
                "<tool_call>{\"name\": \"get\\\"time\", \"arguments\": {}}</tool_call>",
                "<tool_call>{\"name\": \"get\\\"time\", \"arguments\": {}}</tool_call>"));
        all.add(Arguments.of(
                f,
                "<tool_call>{\"name\": \"weather\", \"where\": 1}</tool_call>",
                "<tool_call>{\"name\": \"weather\", \"where\": 1}</tool_call>"));
        all.add(Arguments.of(
                f,
                "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Be",
                " | id weather {\"city\": \"Be"));
        all.add(Arguments.of(
                f,
                "<tool_call><tool_call>{\"name\": \"get_time\", \"arguments\": {}}</tool_call>",
                "<tool_call> | id get_time {}"));
        all.add(Arguments.of(
                f,
                "<think>\nHm, </thin, then.\n</think>\n\nYes <tool_call>{\"name\": \"get_time\", \"arguments\": {}}"
                        + "</tool_call>",
                "Yes | id get_time {} ~ Hm, </thin, then."));

        f = ToolFormat.LLAMA3_JSON;
        all.add(Arguments.of(
                f,
                "{\"name\": \"weather\", \"parameters\": " + hard + "}; {\"name\": \"get_time\", \"parameters\": "
                        + time + "}",
                " | id weather " + hard + " | id get_time " + time));
        all.add(Arguments.of(
                f,
                "<|python_tag|>{\"type\": \"function\", \"name\": \"weather\", \"parameters\": {}} ok",
                " ok | id weather {}"));
        all.add(Arguments.of(
                f,
                "I call:\n{\"name\": \"weather\", \"parameters\": {}}\nThere.",
                "I call:\nThere. | id weather {}".replace("I call:\n", "I call:\n")));
        all.add(Arguments.of(f, "{\"name\": \"Bob\", \"age\": 5}", "{\"name\": \"Bob\", \"age\": 5}"));
        all.add(Arguments.of(f, "{\n  \"a\": {\"b\": 1}\n}", "{\n  \"a\": {\"b\": 1}\n}"));

        all.add(Arguments.of(f, "{\"name\": \"weather\", \"para", " | id weather "));
        all.add(Arguments.of(f, "{\"name\": \"taxi\", \"para", "{\"name\": \"taxi\", \"para"));

        f = ToolFormat.FORCED;
        all.add(Arguments.of(
                f,
                "[{\"name\": \"weather\", \"parameters\": " + hard + "}, {\"name\": \"get_time\", \"parameters\": {}}]",
                " | id weather " + hard + " | id get_time {}"));
        all.add(Arguments.of(f, "[{\"name\": \"wea", ""));
        all.add(Arguments.of(f, "[{\"name\": \"weather\", \"parameters\"", " | id weather "));
        all.add(Arguments.of(
                f,
                "[{\"name\": \"get_time\", \"parameters\": {}}, {\"name\": \"weather\", \"parameters\": {\"city\": \"B",
                " | id get_time {} | id weather {\"city\": \"B"));
        all.add(Arguments.of(f, "[{\"name\": \"get_time\", \"parameters\": {}}, {\"na", " | id get_time {}"));

        f = ToolFormat.PYTHONIC;
        all.add(Arguments.of(
                f,
                "[weather(city='Zü\\'rich, (x) 🎉', days=2, options={'a': [1, None]}), get_time()]",
                " | id weather {\"city\": \"Zü'rich, (x) 🎉\", \"days\": 2, \"options\": {\"a\": [1, null]}}"
                        + " | id get_time {}"));
        all.add(Arguments.of(
                f,
                "Now:\n[weather(\"Bern\", days=x+1)]\nDone",
                "Now:\nDone | id weather {\"city\": \"Bern\", \"days\": \"x+1\"}"));
        all.add(Arguments.of(f, "[unknown(a=1)] and [1, 2]", "[unknown(a=1)] and [1, 2]"));
        all.add(Arguments.of(f, "[weather(city=\"Be", " | id weather {\"city\": \"Be"));

        f = ToolFormat.MISTRAL;
        all.add(Arguments.of(
                f,
                "So[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": " + hard
                        + "}, {\"name\": \"get_time\", \"arguments\": " + time + ", \"id\": \"abcdefghi\"}]",
                "So | id weather " + hard + " | id get_time " + time));
        all.add(Arguments.of(
                f,
                "[TOOL_CALLS]weather[CALL_ID]abc123def[ARGS]" + hard + "[TOOL_CALLS]get_time{}",
                " | abc123def weather " + hard + " | id get_time {}"));
        all.add(Arguments.of(f, "[TOOL_CALLS] of course\n", "[TOOL_CALLS] of course\n"));

        f = ToolFormat.PHI4_MINI;
        all.add(Arguments.of(
                f,
                "Hi functools[{\"name\": \"weather\", \"arguments\": " + hard
                        + "}, {\"name\": \"get_time\", \"arguments\": " + time + "}] bye",
                "Hi bye | id weather " + hard + " | id get_time " + time));
        all.add(Arguments.of(
                f, "<|tool_call|>[{\"name\": \"get_time\", \"arguments\": {}}]<|/tool_call|>", " | id get_time {}"));
        all.add(Arguments.of(f, "import functools.cache", "import functools.cache"));

        f = ToolFormat.DEEPSEEK_V3;
        all.add(Arguments.of(
                f,
                "Sure.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n" + hard
                        + "\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n{}\n"
                        + "```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
                "Sure. | id weather " + hard + " | id get_time {}"));
        all.add(Arguments.of(f, "<｜tool▁calls▁begin｜>oh <<｜tool▁call", "<｜tool▁calls▁begin｜>oh <<｜tool▁call"));

        f = ToolFormat.DEEPSEEK_V31;
        all.add(Arguments.of(
                f,
                "Sure.\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>" + hard
                        + "<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_time<｜tool▁sep｜><｜tool▁call▁end｜>"
                        + "<｜tool▁calls▁end｜>ok",
                "Sure.\nok".replace("\n", "") + " | id weather " + hard + " | id get_time {}"));
        all.add(Arguments.of(
                f,
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{\"a\": 1, ",
                " | id weather {\"a\": 1,"));

        f = ToolFormat.KIMI_K2;
        all.add(Arguments.of(
                f,
                "Hm<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|> "
                        + hard + " <|tool_call_end|><|tool_call_begin|>functions.get_time:1"
                        + "<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>",
                "Hm | functions.weather:0 weather " + hard + " | functions.get_time:1 get_time {}"));
        all.add(Arguments.of(
                f,
                "<think>I ask <|tool_calls_section_begin|><|tool_call_begin|>functions.get_time:0"
                        + "<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>",
                " | functions.get_time:0 get_time {} ~ I ask"));

        f = ToolFormat.QWEN3_CODER;
        all.add(Arguments.of(
                f,
                "Well:\n<tool_call>\n<function=weather>\n<parameter=city>\nZü\"rich </param 🎉\n\n</parameter>\n"
                        + "<parameter=days>\n2\n</parameter>\n<parameter=options>\n{\"a\": [1]}\n</parameter>\n"
                        + "</function>\n</tool_call>\n<function=get_time>\n</function>\nDone",
                "Well:\nDone | id weather {\"city\": \"Zü\\\"rich </param 🎉\\n\", \"days\": 2, \"options\": {\"a\": [1]}}"
                        + " | id get_time {}"));
        all.add(Arguments.of(f, "<tool_call>no <function>x", "<tool_call>no <function>x"));
        all.add(Arguments.of(f, "<tool_call><function=weather><parameter=city>Ber", " | id weather {\"city\": \"Ber"));

        f = ToolFormat.GLM45;
        all.add(Arguments.of(
                f,
                "Ok\n<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>12 \"🎉\"\nx</arg_value>\n"
                        + "<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>"
                        + "<tool_call>get_time</tool_call>",
                "Ok | id weather {\"city\": \"12 \\\"🎉\\\"\\nx\", \"days\": 2} | id get_time {}"));
        all.add(Arguments.of(
                f,
                "<tool_call>weather<arg_key>tags</arg_key><arg_value>[\"a\"]</arg_value></tool_call> and",
                " and | id weather {\"tags\": [\"a\"]}"));
        all.add(Arguments.of(f, "<tool_call>not a name</tool_call>", "<tool_call>not a name</tool_call>"));
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("answers")
    void callsAreToldApartFromContent(ToolFormat format, String text, String expected) {
        assertThat(read(format, List.of(text))).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("answers")
    void theOutcomeDoesNotDependOnTokenBoundaries(ToolFormat format, String text, String expected) {
        String whole = read(format, List.of(text));
        for (int cut = 0; cut <= text.length(); cut++) {
            assertThat(read(format, List.of(text.substring(0, cut), text.substring(cut))))
                    .as("cut at %d", cut)
                    .isEqualTo(whole);
        }
        for (long seed = 0; seed < 50; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<String> pieces = new ArrayList<>();
            for (int from = 0; from < text.length(); ) {
                int to = Math.min(text.length(), from + random.nextInt(1, 9));
                pieces.add(text.substring(from, to));
                from = to;
            }
            assertThat(read(format, pieces)).as("seed %d", seed).isEqualTo(whole);
        }
    }

    @ParameterizedTest
    @MethodSource("answers")
    void damagedAnswersDoNotDependOnTokenBoundariesEither(ToolFormat format, String text, String expected) {
        for (long seed = 0; seed < 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int from = random.nextInt(text.length());
            int to = random.nextInt(from, text.length());
            String damaged = text.substring(0, from) + text.substring(to);
            List<String> letters =
                    damaged.chars().mapToObj(c -> String.valueOf((char) c)).toList();
            assertThat(read(format, letters)).as("seed %d", seed).isEqualTo(read(format, List.of(damaged)));
        }
    }

    @Test
    void oneCallIsToldWhereParallelOnesAreNotWanted() {
        AnswerReading reading =
                new AnswerReading(Optional.of(ToolFormat.HERMES), SCHEMAS, false, Optional.empty(), true);
        AnswerParser parser = new AnswerParser(reading, "", () -> "id");
        String call = "<tool_call>{\"name\": \"get_time\", \"arguments\": {}}</tool_call>";
        assertThat(gather(parser, List.of(call + "\n" + call + " and more"))).isEqualTo(" | id get_time {}");
        assertThat(parser.complete()).isTrue();
    }

    @Test
    void thoughtsThatThePromptOpenedEndAtTheClosingTag() {
        AnswerReading reading =
                new AnswerReading(Optional.empty(), SCHEMAS, true, Optional.of(ReasoningFormat.THINK), true);
        assertThat(gather(new AnswerParser(reading, "...<think>\n", () -> ""), List.of("a\n</think>\n\nb ")))
                .isEqualTo("b  ~ a");
        assertThat(gather(new AnswerParser(reading, "...<think>\n\n</think>\n\n", () -> ""), List.of("a b")))
                .isEqualTo("a b");
        assertThat(gather(new AnswerParser(reading, "", () -> ""), List.of(" <", "think>a")))
                .isEqualTo(" ~ a");
        AnswerReading always =
                new AnswerReading(Optional.empty(), SCHEMAS, true, Optional.of(ReasoningFormat.ALWAYS_THINK), false);
        assertThat(gather(new AnswerParser(always, "", () -> ""), List.of("a</think>b")))
                .isEqualTo("b");
    }
}
