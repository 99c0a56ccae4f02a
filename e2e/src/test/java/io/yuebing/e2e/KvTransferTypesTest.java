package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.KvLoadFailurePolicy;
import io.yuebing.gateway.FailoverPolicy;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvTransferType;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What becomes of a request whose nodes hold their KV caches in different types, or send them in another one. */
class KvTransferTypesTest {
    private static final String PATH = "/v1/completions";

    @ParameterizedTest
    @EnumSource(KvLoadFailurePolicy.class)
    void cachesOfDifferentTypesFailTheRequestOrHaveItComputedAgain(KvLoadFailurePolicy usual) throws Exception {
        LocalCluster.Settings floats = LocalCluster.Settings.exact(LocalCluster.DEMO);
        KvLoadFailurePolicy asked =
                usual == KvLoadFailurePolicy.FAIL ? KvLoadFailurePolicy.RECOMPUTE : KvLoadFailurePolicy.FAIL;
        try (LocalCluster cluster = LocalCluster.disaggregated(
                FailoverPolicy.DEFAULT.withKvLoadFailure(usual), floats, floats.withKvType(ElementType.BF16))) {
            List<Client.Answer> answers = new ArrayList<>();
            for (KvLoadFailurePolicy policy : List.of(usual, asked)) {
                Map<String, Object> body = request(16);
                if (policy != usual) {
                    body.put("kv_transfer_params", Map.of("kv_load_failure_policy", policy.wireName()));
                }
                Client.Answer answer = new Client(cluster.uri()).tryPost(PATH, Client.JSON.writeValueAsString(body));
                answers.add(answer);
                if (policy == KvLoadFailurePolicy.FAIL) {
                    assertThat(answer.status()).isEqualTo(500);
                    assertThat(answer.body().path("error").path("message").asString())
                            .contains("KV layouts differ between prefill node 127.0.0.1:")
                            .contains(" and decode node 127.0.0.1:")
                            .contains("element type: f32 here, bf16 there; start both with the same --kv-dtype")
                            .contains("kv_load_failure_policy is fail");
                }
            }
            assertThat(answers).filteredOn(answer -> answer.status() == 200).hasSize(1);
            assertThat(new Client(cluster.uri())
                            .metric("yuebing:fallbacks_total{kind=\"recomputed_after_failed_transfer\"}"))
                    .isEqualTo(1);
            assertThat(new Client(cluster.nodes().getFirst()).metric("yuebing:kv_pushes_total{result=\"failed\"}"))
                    .isEqualTo(2);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2-f32", "gemma3", "kimi_k2"})
    void codesOnTheWayMoveLogProbabilitiesByLittle(String model) throws Exception {
        Path directory = ReferenceModel.named(model).directory();
        LocalCluster.Settings settings =
                new LocalCluster.Settings(directory, ComputeMode.F32, ElementType.BF16, 64, 512, true);
        Map<String, Object> body = request(3);
        JsonNode expected;
        try (LocalCluster cluster = LocalCluster.aggregated(settings)) {
            expected = new Client(cluster.uri()).post(PATH, body);
        }
        double exactBytes;
        try (LocalCluster cluster = LocalCluster.disaggregated(settings)) {
            assertThat(choice(new Client(cluster.uri()).post(PATH, body))).isEqualTo(choice(expected));
            exactBytes = new Client(cluster.nodes().getFirst()).metric("yuebing:kv_push_bytes_total");
        }
        try (LocalCluster cluster = LocalCluster.disaggregated(settings.withTransferType(KvTransferType.INT8))) {
            JsonNode rounded = new Client(cluster.uri()).post(PATH, body);
            assertThat(difference(expected, rounded, 0))
                    .as("of the prefill node's token")
                    .isZero();
            assertThat(difference(expected, rounded, 1))
                    .as("of the decode node's first")
                    .isBetween(1e-7, 0.2);
            Client prefill = new Client(cluster.nodes().getFirst());
            double sent = prefill.metric("yuebing:kv_push_bytes_total");
            assertThat(sent).isLessThan(0.8 * exactBytes);
            String codes = "yuebing:kv_conversion_bytes_total{reason=\"int8\"}";
            assertThat(prefill.metric(codes)).isEqualTo(sent);
            assertThat(new Client(cluster.nodes().getLast()).metric(codes)).isEqualTo(sent);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2-f32", "gemma3", "kimi_k2"})
    void proxiesPullCodesToo(String model) throws Exception {
        LocalCluster.Settings settings = new LocalCluster.Settings(
                ReferenceModel.named(model).directory(), ComputeMode.F32, ElementType.BF16, 64, 512, true);
        Map<String, Object> body = request(3);
        JsonNode expected;
        try (LocalCluster cluster = LocalCluster.aggregated(settings)) {
            expected = new Client(cluster.uri()).post(PATH, body);
        }
        try (LocalCluster cluster = LocalCluster.disaggregated(settings.withTransferType(KvTransferType.INT8))) {
            URI prefill = cluster.nodes().getFirst();
            URI decode = cluster.nodes().getLast();
            VllmProxy proxy = new VllmProxy(prefill, decode);
            JsonNode pulled = answer(proxy.nixl(PATH, body));
            assertThat(difference(expected, pulled, 0))
                    .as("of the first token, which the decode node computes from codes")
                    .isBetween(1e-7, 0.2);
            body.put("cache_salt", "nothing of it is cached");
            assertThat(choice(answer(proxy.mooncake(PATH, body))))
                    .as("pulled by transfer_id")
                    .isEqualTo(choice(pulled));
            Client reader = new Client(decode);
            double codes = reader.metric("yuebing:kv_conversion_bytes_total{reason=\"int8\"}");
            assertThat(codes).isPositive().isEqualTo(reader.metric("yuebing:kv_pull_bytes_total"));
            for (URI node : cluster.nodes()) {
                new Client(node).awaitIdle("after pulls of codes");
            }
        }
    }

    @Test
    void anInt8CacheTravelsAsItIs() throws Exception {
        LocalCluster.Settings settings =
                new LocalCluster.Settings(LocalCluster.DEMO, ComputeMode.INT8, ElementType.INT8, 64, 512, true);
        JsonNode expected;
        try (LocalCluster cluster = LocalCluster.aggregated(settings)) {
            expected = choice(new Client(cluster.uri()).post(PATH, request(16)));
        }
        try (LocalCluster cluster = LocalCluster.disaggregated(settings.withTransferType(KvTransferType.INT8))) {
            assertThat(choice(new Client(cluster.uri()).post(PATH, request(16))))
                    .isEqualTo(expected);
            assertThat(new Client(cluster.nodes().getFirst()).metric("yuebing:kv_conversion_bytes_total"))
                    .isZero();
        }
    }

    private static Map<String, Object> request(int tokens) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("prompt", "Five cities, four animals and a cache that travels. ".repeat(6));
        body.put("max_tokens", tokens);
        body.put("temperature", 0);
        body.put("ignore_eos", true);
        body.put("logprobs", 20);
        body.put("return_tokens_as_token_ids", true);
        return body;
    }

    private static JsonNode answer(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.JSON.readTree(response.body());
    }

    private static JsonNode choice(JsonNode answer) {
        return answer.path("choices").path(0);
    }

    /** The largest difference of a log-probability that both answers tell of a token. */
    private static double difference(JsonNode one, JsonNode other, int token) {
        JsonNode there = logprobs(other, token);
        return logprobs(one, token).properties().stream()
                .filter(here -> there.has(here.getKey()))
                .mapToDouble(here -> Math.abs(
                        here.getValue().asDouble() - there.path(here.getKey()).asDouble()))
                .max()
                .orElse(Double.NaN);
    }

    private static JsonNode logprobs(JsonNode answer, int token) {
        return choice(answer).path("logprobs").path("top_logprobs").path(token);
    }
}
