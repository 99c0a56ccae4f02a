package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * A request that is split over two nodes has the answer that one node gives, byte for byte but for its id, its time and
 * what was cached, whole and streamed, with a cached prompt and without.
 */
class SameAnswersDisaggregatedTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETIONS = "/v1/completions";
    private static final String PROMPT = "Question: What is the capital of France?\nAnswer:";

    /** The id of the demo model's {@code <tool_call>}. */
    private static final String CALL_TOKEN = "4094";

    private static final Pattern INDEX = Pattern.compile("\"choices\":\\[\\{\"index\":(\\d+)");

    private static LocalCluster aggregated;
    private static LocalCluster disaggregated;

    @BeforeAll
    static void start() throws InterruptedException {
        LocalCluster.Settings settings =
                new LocalCluster.Settings(LocalCluster.DEMO, ComputeMode.INT8, ElementType.BF16, 64, 1024, true);
        aggregated = LocalCluster.aggregated(settings);
        disaggregated = LocalCluster.disaggregated(settings.withChunks(11));
    }

    @AfterAll
    static void stop() {
        aggregated.close();
        disaggregated.close();
    }

    static List<Arguments> requests() {
        return List.of(
                completion("greedy", Map.of()),
                completion("seeded", Map.of("temperature", 1.2, "top_p", 0.9, "seed", 7)),
                completion("one token", Map.of("max_tokens", 1)),
                completion("min_tokens", Map.of("min_tokens", 20, "max_tokens", 24, "ignore_eos", false)),
                completion("n", Map.of("n", 3, "temperature", 1, "seed", 11)),
                completion("best_of", Map.of("n", 2, "best_of", 4, "temperature", 1, "seed", 12)),
                completion("prompt_logprobs", Map.of("prompt_logprobs", 3)),
                completion("echo", Map.of("echo", true)),
                completion("echo with logprobs", Map.of("echo", true, "logprobs", 2)),
                completion("logprobs", Map.of("logprobs", 5, "return_token_ids", true)),
                completion("several prompts", Map.of("prompt", List.of(PROMPT, "The sea is", "A"), "logprobs", 1)),
                completion("stop string across tokens", Map.of("stop", List.of("e c"))),
                completion("stop string of the first token", Map.of("stop", List.of(" "))),
                completion("stop string kept", Map.of("stop", List.of("e c", "s"), "include_stop_str_in_output", true)),
                completion("regex", constrained(Map.of("regex", "[A-F]{4}-[0-9]{6}"))),
                completion("choice", constrained(Map.of("choice", List.of("Lisbon", "London", "Paris")))),
                completion("penalties", Map.of("frequency_penalty", 1.5, "repetition_penalty", 1.3)),
                completion("stream_interval", Map.of("stream_interval", 3, "max_tokens", 11)),
                chat("chat", Map.of()),
                chat("chat with logprobs", Map.of("logprobs", true, "top_logprobs", 4)),
                chat("chat with n", Map.of("n", 2, "temperature", 0.8, "seed", 5)),
                chat("chat stop", Map.of("stop", "a")),
                chat("json_schema", Map.of("response_format", person(), "temperature", 1, "seed", 3)),
                chat("required tool", Map.of("tools", List.of(tool()), "tool_choice", "required", "seed", 4)),
                chat("strict tool", strict()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("requests")
    void oneNodeAndTwoAnswerTheSame(String what, String path, Map<String, Object> body) throws Exception {
        String whole = answer(aggregated, path, body);
        assertThat(answer(disaggregated, path, body)).as("whole").isEqualTo(whole);
        assertThat(answer(disaggregated, path, body)).as("whole, cached").isEqualTo(whole);
        Map<String, Object> streaming = new LinkedHashMap<>(body);
        streaming.put("stream", true);
        streaming.put("stream_options", Map.of("include_usage", true, "continuous_usage_stats", body.size() == 4));
        if (!body.containsKey("best_of") && !body.containsKey("prompt_logprobs")) {
            assertThat(answer(disaggregated, path, streaming))
                    .as("streamed")
                    .isEqualTo(answer(aggregated, path, streaming));
        }
    }

    @Test
    void aStrictToolThatTheModelCallsOfItsOwnAccordKeepsToItsSchema() throws Exception {
        Map<String, Object> body = new LinkedHashMap<>(strict());
        body.put("messages", List.of(Map.of("role", "user", "content", "How is the weather in Rome?")));
        body.put("max_tokens", 60);
        JsonNode choice = new Client(disaggregated.uri()).post(CHAT, body).at("/choices/0");
        JsonNode calls = choice.at("/message/tool_calls");
        assertThat(calls.size()).as("calls of %s", choice).isEqualTo(1);
        assertThat(calls.at("/0/function/name").asString()).isEqualTo("weather");
        assertThat(calls.at("/0/function/arguments").asString()).matches("\\{\"city\": ?\"(Rome|Oslo)\"}");
        assertThat(choice.at("/message/content").isNull()).as("no content").isTrue();
        assertThat(choice.at("/finish_reason").asString()).isEqualTo("tool_calls");
    }

    /** The bias makes the model begin a call; what the call says is held to the schema. */
    private static Map<String, Object> strict() {
        Map<String, Object> function = new LinkedHashMap<>(function());
        function.put("strict", true);
        return Map.of(
                "tools",
                List.of(Map.of("type", "function", "function", function)),
                "tool_choice",
                "auto",
                "parallel_tool_calls",
                false,
                "logit_bias",
                Map.of(CALL_TOKEN, 100));
    }

    private static Arguments completion(String what, Map<String, ?> fields) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("prompt", what.contains("seeded") ? PROMPT : PROMPT + " " + what);
        body.put("max_tokens", 16);
        body.put("temperature", 0);
        body.put("ignore_eos", true);
        body.putAll(fields);
        return Arguments.of(what, COMPLETIONS, body);
    }

    private static Arguments chat(String what, Map<String, ?> fields) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("messages", List.of(Map.of("role", "user", "content", "Tell me about " + what)));
        body.put("max_tokens", 40);
        body.put("temperature", 0);
        body.putAll(fields);
        return Arguments.of(what, CHAT, body);
    }

    private static Map<String, Object> constrained(Map<String, ?> how) {
        return Map.of("structured_outputs", how, "ignore_eos", false, "max_tokens", 24);
    }

    private static Map<String, Object> person() {
        Map<String, Object> schema = Map.of(
                "type",
                "object",
                "properties",
                Map.of("age", Map.of("type", "integer", "minimum", 0, "maximum", 120)),
                "required",
                List.of("age"),
                "additionalProperties",
                false);
        return Map.of("type", "json_schema", "json_schema", Map.of("name", "person", "schema", schema));
    }

    private static Map<String, Object> tool() {
        return Map.of("type", "function", "function", function());
    }

    private static Map<String, Object> function() {
        Map<String, Object> parameters = Map.of(
                "type",
                "object",
                "properties",
                Map.of("city", Map.of("enum", List.of("Rome", "Oslo"))),
                "required",
                List.of("city"),
                "additionalProperties",
                false);
        return Map.of("name", "weather", "parameters", parameters);
    }

    /** The bytes of the body without what is new in each answer; choices that run side by side one after the other. */
    private static String answer(LocalCluster cluster, String path, Map<String, ?> body) throws Exception {
        try (InputStream answer = new Client(cluster.uri()).stream(path, body)) {
            return new String(answer.readAllBytes(), StandardCharsets.UTF_8)
                    .replaceAll("\"(id|created|cached_tokens)\":(\"[^\"]*\"|\\d+)", "\"$1\":0")
                    .lines()
                    .sorted(Comparator.comparing(SameAnswersDisaggregatedTest::choice))
                    .collect(Collectors.joining("\n"));
        }
    }

    private static String choice(String frame) {
        Matcher index = INDEX.matcher(frame);
        return index.find() ? index.group(1) : "";
    }
}
