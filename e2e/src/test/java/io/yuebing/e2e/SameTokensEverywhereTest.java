package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * The same request gives the same tokens with the same bits of their log-probabilities: alone and in a batch of 32,
 * aggregated and disaggregated, with prompt chunks of 1, 7, 64 and whole, with and without a cached prefix.
 */
class SameTokensEverywhereTest {
    private static final int BATCH = 32;

    @ParameterizedTest(name = "compute {0}, KV {1}")
    @CsvSource({"F32, F32", "INT8, BF16", "INT8, INT8"})
    void sameBits(ComputeMode compute, ElementType kvType) throws Exception {
        LocalCluster.Settings settings =
                new LocalCluster.Settings(LocalCluster.DEMO, compute, kvType, 4096, 2048, true);
        List<Map<String, Object>> requests = requests();
        List<String> alone;
        List<String> again;
        try (LocalCluster cluster = LocalCluster.aggregated(settings.withoutPrefixCache())) {
            alone = oneByOne(cluster, requests);
        }
        assertThat(String.join("", alone)).as("log-probabilities are there").contains("logprob");
        try (LocalCluster cluster = LocalCluster.aggregated(settings)) {
            assertSame("aggregated, first run", alone, oneByOne(cluster, requests));
            again = oneByOne(cluster, requests);
            assertSame("aggregated, prefix cached", alone, again);
            assertThat(new Client(cluster.nodes().getFirst()).metric("vllm:prefix_cache_hits_total"))
                    .as("prompt tokens from the prefix cache")
                    .isPositive();
            assertSame("aggregated, batch of " + BATCH, alone, together(cluster, requests));
        }
        for (int chunk : new int[] {1, 7, 64, 4096}) {
            try (LocalCluster cluster = LocalCluster.disaggregated(settings.withChunks(chunk))) {
                assertSame("disaggregated, chunks of " + chunk, alone, oneByOne(cluster, requests));
                assertSame("disaggregated, chunks of " + chunk + ", cached", alone, oneByOne(cluster, requests));
            }
        }
        try (LocalCluster cluster = LocalCluster.disaggregated(settings.withoutPrefixCache())) {
            assertSame("disaggregated, batch of " + BATCH, alone, together(cluster, requests));
        }
        try (LocalCluster cluster =
                LocalCluster.aggregated(settings.withoutPrefixCache().withChunks(7))) {
            assertSame("aggregated, chunks of 7, batch of " + BATCH, alone, together(cluster, requests));
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"gemma3", "mixtral", "kimi_k2"})
    void sameBitsWithWindowsExpertsAndLatentRows(String name) throws Exception {
        LocalCluster.Settings settings = new LocalCluster.Settings(
                ReferenceModel.named(name).directory(), ComputeMode.F32, ElementType.BF16, 4096, 2048, true);
        List<Map<String, Object>> requests = requests();
        List<String> alone;
        try (LocalCluster cluster = LocalCluster.aggregated(settings.withoutPrefixCache())) {
            alone = oneByOne(cluster, requests);
        }
        try (LocalCluster cluster = LocalCluster.disaggregated(settings.withChunks(7))) {
            assertSame("disaggregated, chunks of 7", alone, oneByOne(cluster, requests));
            assertSame("disaggregated, cached, batch of " + BATCH, alone, together(cluster, requests));
        }
        try (LocalCluster cluster = LocalCluster.disaggregated(settings.withoutPrefixCache())) {
            assertSame("disaggregated, batch of " + BATCH, alone, together(cluster, requests));
        }
    }

    /** Requests of different lengths, greedy and sampled, some with a common prefix. */
    private static List<Map<String, Object>> requests() {
        List<Map<String, Object>> requests = new ArrayList<>();
        String common = "system: you are a helpful assistant who knows cities, animals and caches.\n".repeat(4);
        for (int i = 0; i < BATCH; i++) {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put(
                    "prompt",
                    (i % 3 == 0 ? common : "") + "Story number " + i + ". San Francisco is a ".repeat(1 + i % 5));
            body.put("max_tokens", 4 + i % 9);
            body.put("ignore_eos", true);
            body.put("temperature", i % 2 == 0 ? 0 : 0.9);
            body.put("top_p", i % 4 == 1 ? 0.8 : 1.0);
            body.put("frequency_penalty", i % 5 == 0 ? 0.5 : 0);
            body.put("seed", 1000 + i);
            body.put("bad_words", i % 3 == 1 ? List.of("a", "San Francisco is") : List.of());
            body.put("min_tokens", i % 3);
            if (i % 6 == 2) {
                body.put("allowed_token_ids", IntStream.range(40, 60).boxed().toList());
                body.put("repetition_detection", Map.of("max_pattern_size", 3, "min_count", 2));
            }
            if (i % 6 == 4) {
                body.put("logprob_token_ids", List.of(50, 60, 70));
            }
            body.put("logprobs", 5);
            body.put("return_token_ids", true);
            requests.add(body);
        }
        return requests;
    }

    private static List<String> oneByOne(LocalCluster cluster, List<Map<String, Object>> requests) throws Exception {
        Client client = new Client(cluster.uri());
        List<String> answers = new ArrayList<>();
        for (Map<String, Object> request : requests) {
            answers.add(answer(client, request));
        }
        return answers;
    }

    private static List<String> together(LocalCluster cluster, List<Map<String, Object>> requests) throws Exception {
        Client client = new Client(cluster.uri());
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> running = requests.stream()
                    .map(request -> threads.submit(() -> answer(client, request)))
                    .toList();
            List<String> answers = new ArrayList<>();
            for (Future<String> future : running) {
                answers.add(future.get());
            }
            return answers;
        }
    }

    /** Everything of an answer that depends on tokens and logits; floats are written so that they round-trip. */
    private static String answer(Client client, Map<String, Object> request) throws Exception {
        JsonNode choice =
                client.post("/v1/completions", request).path("choices").path(0);
        return choice.path("token_ids") + " " + choice.path("text") + " " + choice.path("finish_reason") + " logprobs "
                + choice.path("logprobs");
    }

    private static void assertSame(String where, List<String> expected, List<String> actual) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i)).as("%s: request %d", where, i).isEqualTo(expected.get(i));
        }
    }
}
