package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Whatever a request asks for, the answer is the same from one node, pushed by the gateway, pulled by vLLM's proxies. */
@Timeout(120)
class VllmProxiesTest {
    private static final String COMPLETIONS = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";
    private static final String PROMPT = "The mooncake is a cake that people give each other in autumn. ".repeat(3);

    private static LocalCluster alone;
    private static LocalCluster split;
    private static Client prefill;
    private static Client decode;
    private static VllmProxy proxy;

    @BeforeAll
    static void start() throws Exception {
        LocalCluster.Settings settings =
                new LocalCluster.Settings(LocalCluster.DEMO, ComputeMode.INT8, ElementType.BF16, 64, 512, true);
        alone = LocalCluster.aggregated(settings.withoutPrefixCache());
        split = LocalCluster.disaggregated(settings);
        prefill = new Client(split.nodes().get(0));
        decode = new Client(split.nodes().get(1));
        proxy = new VllmProxy(split.nodes().get(0), split.nodes().get(1));
    }

    @AfterAll
    static void stop() {
        alone.close();
        split.close();
    }

    @AfterEach
    void everyBlockIsGivenBack() throws Exception {
        for (Client node : List.of(prefill, decode)) {
            Eventually.holds(
                    "no block is held",
                    Duration.ofSeconds(10),
                    () -> node.metric("yuebing:kv_blocks_held") == 0 && node.metric("yuebing:kv_leases_open") == 0);
            assertThat(node.metric("yuebing:kv_integrity_violations_total")).isZero();
        }
    }

    enum Ask {
        GREEDY(COMPLETIONS, Map.of("temperature", 0)),
        SAMPLED(COMPLETIONS, Map.of("temperature", 0.9, "top_p", 0.9, "seed", 7)),
        CHOICES(COMPLETIONS, Map.of("temperature", 0.9, "seed", 11, "n", 3)),
        LOGPROBS(COMPLETIONS, Map.of("temperature", 0, "logprobs", 3, "return_token_ids", true)),
        ECHO(COMPLETIONS, Map.of("temperature", 0, "echo", true)),
        ECHO_WITH_LOGPROBS(COMPLETIONS, Map.of("temperature", 0, "echo", true, "logprobs", 2)),
        PROMPT_LOGPROBS(COMPLETIONS, Map.of("temperature", 0, "prompt_logprobs", 2)),
        MIN_TOKENS(COMPLETIONS, Map.of("temperature", 1.5, "seed", 3, "min_tokens", 9)),
        STOP_STRINGS(COMPLETIONS, Map.of("temperature", 0, "stop", List.of(" the", "e"))),
        PENALTIES(COMPLETIONS, Map.of("temperature", 0, "frequency_penalty", 1.1, "repetition_penalty", 1.2)),
        ONE_TOKEN(COMPLETIONS, Map.of("temperature", 0, "max_tokens", 1)),
        SHORT_PROMPT(COMPLETIONS, Map.of("temperature", 0, "prompt", "A")),
        SEVERAL_PROMPTS(
                COMPLETIONS,
                Map.of(
                        "temperature",
                        0.9,
                        "seed",
                        4,
                        "n",
                        2,
                        "prompt",
                        List.of(PROMPT, PROMPT + "Then", "A short one"))),
        REGEX(COMPLETIONS, Map.of("temperature", 0, "structured_outputs", Map.of("regex", "[a-c]{5,9}"))),
        STREAM(COMPLETIONS, Map.of("temperature", 0, "stream", true)),
        CHAT_WHOLE(CHAT, Map.of("temperature", 0, "max_completion_tokens", 12)),
        CHAT_SCHEMA(CHAT, Map.of("temperature", 0.9, "seed", 8, "max_tokens", 60, "response_format", schema())),
        CHAT_LOGPROBS(CHAT, Map.of("temperature", 0.8, "seed", 5, "logprobs", true, "top_logprobs", 2)),
        CHAT_STREAM(CHAT, Map.of("temperature", 0, "stream", true, "stream_options", Map.of("include_usage", true)));

        private final String path;
        private final Map<String, Object> fields;

        Ask(String path, Map<String, Object> fields) {
            this.path = path;
            this.fields = fields;
        }

        private static Map<String, Object> schema() {
            Map<String, Object> schema = Map.of(
                    "type",
                    "object",
                    "properties",
                    Map.of("cake", Map.of("type", "string", "maxLength", 12)),
                    "required",
                    List.of("cake"),
                    "additionalProperties",
                    false);
            return Map.of("type", "json_schema", "json_schema", Map.of("name", "cake", "schema", schema));
        }

        Map<String, Object> body() {
            Map<String, Object> body = new LinkedHashMap<>();
            if (path.equals(CHAT)) {
                body.put("messages", List.of(Map.of("role", "user", "content", PROMPT)));
            } else {
                body.put("prompt", PROMPT);
            }
            body.put("max_tokens", 12);
            body.putAll(fields);
            return body;
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void theAnswerIsThatOfOneNode(Ask ask) throws Exception {
        Map<String, Object> body = ask.body();
        String expected = answer(new VllmProxy(alone.uri(), alone.uri()).alone(ask.path, body, "alone"));
        assertThat(answer(new VllmProxy(split.uri(), split.uri()).alone(ask.path, body, "pushed")))
                .as("pushed")
                .isEqualTo(expected);
        assertThat(answer(proxy.nixl(ask.path, body))).as("pulled").isEqualTo(expected);
        assertThat(answer(proxy.mooncake(ask.path, body)))
                .as("pulled by transfer_id")
                .isEqualTo(expected);
    }

    @Test
    void theSharedRequestIdIsEnoughForARendezvous() throws Exception {
        Map<String, Object> body = Ask.CHOICES.body();
        String expected = answer(new VllmProxy(alone.uri(), alone.uri()).alone(COMPLETIONS, body, "alone"));
        assertThat(answer(proxy.mooncakeByRequestId(COMPLETIONS, body))).isEqualTo(expected);
    }

    @Test
    void onlyWhatTheDecodeNodeLacksTravels() throws Exception {
        Map<String, Object> body = Ask.GREEDY.body();
        body.put("prompt", "Something that no other test says, long enough for a few blocks of tokens. ".repeat(4));
        double before = decode.metric("yuebing:kv_pull_bytes_total");
        answer(proxy.nixl(COMPLETIONS, body));
        double first = decode.metric("yuebing:kv_pull_bytes_total") - before;
        answer(proxy.nixl(COMPLETIONS, body));
        double second = decode.metric("yuebing:kv_pull_bytes_total") - before - first;
        assertThat(second).as("bytes the second time, %s the first", first).isLessThan(first / 4);
        assertThat(decode.metric("yuebing:kv_pull_reused_bytes_total")).isGreaterThanOrEqualTo(first - second);
    }

    @Test
    void aPromptThatCannotBePulledFailsOrIsComputedByPolicy() throws Exception {
        Map<String, Object> body = Ask.GREEDY.body();
        String expected = answer(new VllmProxy(alone.uri(), alone.uri()).alone(COMPLETIONS, body, "alone"));
        Map<String, Map<String, Object>> changes = new LinkedHashMap<>();
        changes.put("remote_engine_id says another", Map.of("remote_engine_id", "another"));
        changes.put("there is no kept prompt", Map.of("remote_request_id", "cmpl-nobody"));
        changes.put(
                "leaves the segment", Map.of("remote_block_ids", List.of(1 << 28, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)));
        changes.put("remote_block_ids has 1 blocks", Map.of("remote_block_ids", List.of(1)));
        changes.put("could not be pulled from 127.0.0.1:1:", Map.of("remote_port", 1));
        int number = 0;
        for (Map.Entry<String, Map<String, Object>> change : changes.entrySet()) {
            body.put("cache_salt", "salt " + number++); // nothing of it is cached
            Map<String, Object> params = proxy.nixlParams(COMPLETIONS, body, "broken");
            Map<String, Object> good = new LinkedHashMap<>(params);
            params.putAll(change.getValue());
            HttpResponse<String> failed = proxy.decode(COMPLETIONS, body, params, "fails");
            assertThat(failed.statusCode()).as(failed.body()).isEqualTo(500);
            assertThat(Client.JSON
                            .readTree(failed.body())
                            .path("error")
                            .path("message")
                            .asString())
                    .contains(change.getKey())
                    .endsWith("; kv_load_failure_policy is fail, so the prompt is not computed again here");
            params.put("kv_load_failure_policy", "recompute");
            assertThat(answer(proxy.decode(COMPLETIONS, body, params, "recomputes")))
                    .isEqualTo(expected);
            good.put("kv_load_failure_policy", "recompute"); // the first failure may have given it up already
            assertThat(answer(proxy.decode(COMPLETIONS, body, good, "releases")))
                    .isEqualTo(expected);
        }
        assertThat(decode.metric("yuebing:kv_pull_fallbacks_total")).isGreaterThanOrEqualTo(changes.size());
    }

    @Test
    void aBootstrapServerThatIsNotThereFailsTheRequestAtOnce() throws Exception {
        Map<String, Object> params = Map.of(
                "do_remote_prefill", true, "remote_bootstrap_addr", "http://127.0.0.1:1", "transfer_id", "xfer-1");
        HttpResponse<String> failed = proxy.decode(COMPLETIONS, Ask.GREEDY.body(), params, "nowhere");
        assertThat(failed.statusCode()).as(failed.body()).isEqualTo(500);
        assertThat(failed.body())
                .contains("the KV cache of xfer-1 could not be had from http://127.0.0.1:1: no answer");
    }

    /** What must be equal: choices, log-probabilities, token counts; for streams the text of all chunks. */
    private static String answer(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        if (!response.body().startsWith("data:")) {
            JsonNode body = Client.JSON.readTree(response.body());
            return body.path("choices") + " " + body.path("prompt_logprobs") + " " + tokens(body.path("usage"));
        }
        StringBuilder text = new StringBuilder();
        List<String> ends = new ArrayList<>();
        for (String line : response.body().split("\n", -1)) {
            if (line.startsWith("data: {")) {
                JsonNode chunk = Client.JSON.readTree(line.substring("data: ".length()));
                JsonNode choice = chunk.path("choices").path(0);
                text.append(choice.path("text").asString(""))
                        .append(choice.path("delta").path("content").asString(""));
                ends.add(choice.path("finish_reason").asString("") + tokens(chunk.path("usage")));
            }
        }
        assertThat(response.body()).contains("data: [DONE]");
        return text + " " + ends.getLast();
    }

    private static String tokens(JsonNode usage) {
        return usage.path("prompt_tokens") + "+" + usage.path("completion_tokens");
    }
}
