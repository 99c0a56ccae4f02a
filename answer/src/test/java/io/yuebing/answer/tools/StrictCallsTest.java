package io.yuebing.answer.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.OutputConstraint;
import io.yuebing.grammar.ConstraintCompiler;
import io.yuebing.grammar.GrammarException;
import io.yuebing.grammar.OutputState;
import io.yuebing.grammar.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whatever the logits and the token boundaries, a call that has begun keeps to its strict function. */
class StrictCallsTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final JsonNode WEATHER = JSON.readTree("""
            {"type": "function", "function": {"name": "weather", "strict": true, "parameters": {
              "type": "object", "additionalProperties": false, "required": ["city", "unit", "days", "near", "note"],
              "properties": {
                "city": {"type": "string", "pattern": "^[A-Z][a-z]{1,8}$"},
                "unit": {"enum": ["c", "f"], "type": "string"},
                "days": {"type": "integer", "minimum": 1, "maximum": 9},
                "near": {"type": "array", "items": {"$ref": "#/$defs/place"}, "maxItems": 2},
                "note": {"type": ["string", "null"], "maxLength": 9}},
              "$defs": {"place": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"],
                "additionalProperties": false}}}}}""");
    private static final JsonNode CLOCK = JSON.readTree("{\"type\":\"function\",\"function\":{\"name\":\"clock\"}}");
    private static final List<JsonNode> TOOLS = List.of(WEATHER, CLOCK);
    private static final String LEAD = "Let me see.";

    private record Call(String name, StringBuilder arguments) {}

    /** What a parser finds. */
    private static final class Found implements ToolCallSink {
        final List<Call> calls = new ArrayList<>();
        final StringBuilder content = new StringBuilder();

        @Override
        public void content(String text) {
            content.append(text);
        }

        @Override
        public void call(String name, String id) {
            calls.add(new Call(name, new StringBuilder()));
        }

        @Override
        public void arguments(String json) {
            calls.getLast().arguments().append(json);
        }
    }

    private static String begin(ToolFormat format) {
        return switch (format) {
            case HERMES, QWEN3_CODER, GLM45 -> LEAD + "<tool_call>";
            case LLAMA3_JSON -> "{";
            case MISTRAL -> LEAD + "[TOOL_CALLS]";
            case PHI4_MINI -> LEAD + "functools[";
            case DEEPSEEK_V3, DEEPSEEK_V31 -> LEAD + "<｜tool▁calls▁begin｜>";
            case KIMI_K2 -> LEAD + "<|tool_calls_section_begin|>";
            case PYTHONIC, FORCED -> throw new IllegalArgumentException("has no strict calls");
        };
    }

    /** Single characters and random pieces, so that tokens reach over all boundaries of a call. */
    private static List<String> tokens(ToolFormat format, String source, SplittableRandom random) {
        List<String> tokens = new ArrayList<>(
                IntStream.range(1, 128).mapToObj(Character::toString).toList());
        tokens.addAll(List.of("｜", "▁", "é", "\"}", "\"},", "}\n", "\": ", "\">\n", "</", "\n</"));
        JSON.readTree(source).path("sections").forEach(section -> pieces(section, tokens, random));
        for (int i = 0; i < 20; i++) {
            tokens.add(piece(begin(format) + "\n{\"name\": \"weather\"", random));
        }
        return tokens;
    }

    private static void pieces(JsonNode node, List<String> tokens, SplittableRandom random) {
        if (node.isString() && !node.stringValue().isEmpty()) {
            for (int i = 0; i < 4; i++) {
                tokens.add(piece(node.stringValue(), random));
            }
        }
        node.forEach(child -> pieces(child, tokens, random));
    }

    private static String piece(String text, SplittableRandom random) {
        int from = random.nextInt(text.length());
        return text.substring(from, random.nextInt(from, text.length()) + 1);
    }

    private static String answer(ToolFormat format, OutputConstraint constraint, SplittableRandom random) {
        List<String> tokens = tokens(format, constraint.source(), random);
        int end = tokens.size();
        ConstraintCompiler compiler = new ConstraintCompiler(
                shown -> new Vocabulary(end, id -> tokens.get(id).getBytes(StandardCharsets.UTF_8)));
        OutputState state = compiler.begin(constraint, List.of(end));
        StringBuilder text = new StringBuilder();
        String begin = begin(format);
        for (int step = 0; step < 3000 && !state.complete(); step++) {
            float[] logits = new float[end + 1];
            assertThat(state.mask(logits, 0, end + 1))
                    .as("a token continues %s", text)
                    .isTrue();
            int best = -1;
            double most = Double.NEGATIVE_INFINITY;
            for (int id = 0; id <= end; id++) {
                if (logits[id] == Float.NEGATIVE_INFINITY) {
                    continue;
                }
                double score =
                        random.nextDouble() + (id == end ? end(text, begin) : score(text, begin, tokens.get(id)));
                if (score > most) {
                    most = score;
                    best = id;
                }
            }
            if (best == end) {
                return text.toString();
            }
            assertThat(state.accept(best)).isTrue();
            text.append(tokens.get(best));
        }
        assertThat(state.complete()).as("%s ends", text).isTrue();
        return text.toString();
    }

    /** Towards the end wherever it is possible once a call has begun. */
    private static double end(StringBuilder text, String begin) {
        return text.length() > begin.length() ? 5 : -1;
    }

    /** Towards the beginning of a call first, then towards the ends of strings and objects. */
    private static double score(StringBuilder text, String begin, String token) {
        if (text.length() < begin.length()) {
            String rest = begin.substring(text.length());
            return rest.startsWith(token) || token.startsWith(rest) ? 2 : -1;
        }
        String tail = text.substring(Math.max(0, text.length() - 12));
        double closing = Math.max(closed(tail + token, "</parameter>"), closed(tail + token, "</arg_value>"));
        return 3 * closing + ("\"}]>".indexOf(token.charAt(0)) >= 0 ? 0.7 : "{[,".contains(token) ? -0.2 : 0);
    }

    /** How much of a marker the text ends with, 0 to 1. */
    private static double closed(String text, String marker) {
        int length = marker.length();
        while (!text.endsWith(marker.substring(0, length))) {
            length--;
        }
        return (double) length / marker.length();
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"PYTHONIC", "FORCED"})
    void aCallThatHasBegunKeepsToTheSchemasWhateverTheTokens(ToolFormat format) {
        int called = 0;
        for (int seed = 0; seed < 16; seed++) {
            boolean several = seed % 2 == 0;
            OutputConstraint constraint =
                    StrictCalls.of(format, TOOLS, several, Set.of()).orElseThrow();
            String text = answer(format, constraint, new SplittableRandom(seed));
            Found found = new Found();
            ToolCallParser parser = format.parser(found, new ToolSchemas(TOOLS));
            parser.append(text);
            parser.finish();
            String what = "seed " + seed + ", " + text;
            assertThat(found.calls).as(what).isNotEmpty();
            assertThat(several || found.calls.size() == 1).as(what).isTrue();
            called += found.calls.size();
            for (Call call : found.calls) {
                JsonNode arguments = JSON.readTree(call.arguments().toString());
                if (call.name().equals("clock")) {
                    assertThat(arguments.isObject()).as(what).isTrue();
                } else {
                    assertThat(call.name()).as(what).isEqualTo("weather");
                    assertThat(isWeather(arguments)).as(what).isTrue();
                }
            }
        }
        assertThat(called).isGreaterThanOrEqualTo(16);
    }

    private static boolean isWeather(JsonNode arguments) {
        JsonNode note = arguments.path("note");
        JsonNode near = arguments.path("near");
        return Set.copyOf(arguments.propertyNames()).equals(Set.of("city", "unit", "days", "near", "note"))
                && arguments.path("city").asString("").matches("[A-Z][a-z]{1,8}")
                && Set.of("c", "f").contains(arguments.path("unit").asString(""))
                && arguments.path("days").isInt()
                && arguments.path("days").intValue() >= 1
                && arguments.path("days").intValue() <= 9
                && near.isArray()
                && near.size() <= 2
                && near.values().stream().allMatch(place -> place.path("x").isIntegralNumber() && place.size() == 1)
                && (note.isNull()
                        || note.isString()
                                && note.stringValue()
                                                .codePointCount(
                                                        0, note.stringValue().length())
                                        <= 9);
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"PYTHONIC", "FORCED"})
    void textBeforeACallIsFree(ToolFormat format) {
        OutputConstraint constraint =
                StrictCalls.of(format, TOOLS, true, Set.of()).orElseThrow();
        String text = "A <tool or [TOOL and {\"name\": 3} é 日本 functools, <｜tool▁calls▁ <|tool_calls_";
        List<String> characters =
                text.codePoints().mapToObj(Character::toString).toList();
        OutputState state = new ConstraintCompiler(shown -> new Vocabulary(
                        characters.size(), id -> characters.get(id).getBytes(StandardCharsets.UTF_8)))
                .begin(constraint, List.of());
        for (int i = 0; i < characters.size(); i++) {
            assertThat(state.accept(i)).as(text.substring(0, i + 1)).isTrue();
            assertThat(state.accepting()).isTrue();
        }
    }

    @Test
    void pythonicCallsAreNotHeldToSchemas() {
        assertThat(StrictCalls.of(ToolFormat.PYTHONIC, TOOLS, true, Set.of())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"anyOf\":[]}|\"anyOf\" at the top of its parameters",
                "{\"type\":\"object\",\"additionalProperties\":true}|\"additionalProperties\" at the top",
                "{\"type\":\"object\",\"required\":[\"a\"]}|requires \"a\"",
                "{\"properties\":{\"a\":{\"type\":\"string\",\"allOf\":[]}}}|\"allOf\" of a string parameter",
            })
    void whatTagsCannotKeepIsRefused(String parameters, String message) {
        JsonNode tool =
                JSON.readTree("{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":true,\"parameters\":"
                        + parameters + "}}");
        assertThatThrownBy(() ->
                        ConstraintCompiler.check(StrictCalls.of(ToolFormat.QWEN3_CODER, List.of(tool), true, Set.of())
                                .orElseThrow()))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining(message);
    }
}
