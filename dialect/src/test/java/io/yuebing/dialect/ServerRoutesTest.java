package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ServerRoutesTest {
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void modelsAreListedWithTheirContextLength() throws Exception {
        String card = "{\"id\":\"tiny\",\"object\":\"model\",\"created\":1700000000,\"owned_by\":\"yuebing\","
                + "\"root\":\"tiny\",\"parent\":null,\"max_model_len\":200,\"permission\":[]}";
        assertThat(server.get("/v1/models").body()).isEqualTo("{\"object\":\"list\",\"data\":[" + card + "]}");
        assertThat(server.get("/v1/models/tiny").body()).isEqualTo(card);
    }

    @Test
    void healthAndPingAreEmptyAndVersionAndLoadAreJson() throws Exception {
        for (String path : List.of("/health", "/ping")) {
            HttpResponse<String> response = server.get(path);
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body()).isEmpty();
        }
        assertThat(server.get("/version").body()).isEqualTo("{\"version\":\"1.2.3\"}");
        assertThat(server.get("/load").body()).isEqualTo("{\"server_load\":0}");
    }

    @Test
    void textBecomesTokensAndBackAsInGeneration() throws Exception {
        int[] ids = TestServer.TOKENIZER.encode("Hello 世界", true);
        JsonNode tokenized = server.ok("/tokenize", "{\"prompt\":\"Hello 世界\",\"return_token_strs\":true}");
        assertThat(tokenized.path("count").intValue()).isEqualTo(ids.length);
        assertThat(tokenized.path("max_model_len").intValue()).isEqualTo(TestServer.CONTEXT);
        assertThat(tokenized.path("token_strs").size()).isEqualTo(ids.length);
        assertThat(server.ok("/detokenize", "{\"tokens\":" + tokenized.path("tokens") + "}")
                        .toString())
                .isEqualTo("{\"prompt\":\"Hello 世界\"}");
        JsonNode chat = server.ok("/tokenize", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}");
        server.generator.requests.clear();
        server.generator.say(1);
        server.ok("/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}");
        assertThat(chat.path("tokens").toString())
                .isEqualTo(Arrays.toString(server.generator.awaitRequest().promptTokens())
                        .replace(" ", ""));
    }

    @Test
    void metricsHaveVllmsNamesAndWhatWasRegisteredBeside() throws Exception {
        try (TestServer fresh = new TestServer()) {
            fresh.metrics.gauge(
                    "vllm:num_requests_running",
                    "Running.",
                    List.of("model_name"),
                    () -> List.of(SurfaceMetrics.Sample.of(3, "tiny")));
            fresh.metrics.counter("vllm:num_preemptions", "Preemptions.", () -> 2);
            fresh.generator.say(1, 2, 3);
            fresh.ok("/v1/completions", "{\"prompt\":[1,2,3,4]}");
            fresh.post("/v1/completions", "{}");
            HttpResponse<String> response = fresh.get("/metrics");
            assertThat(response.headers().firstValue("Content-Type").orElseThrow())
                    .startsWith("text/plain");
            assertThat(response.body().lines())
                    .contains(
                            "vllm:num_requests_running{model_name=\"tiny\"} 3.0",
                            "vllm:num_preemptions_total 2.0",
                            "vllm:prompt_tokens_total{model_name=\"tiny\"} 4.0",
                            "vllm:prompt_tokens_cached_total{model_name=\"tiny\"} 2.0",
                            "vllm:generation_tokens_total{model_name=\"tiny\"} 3.0",
                            "vllm:request_success_total{finished_reason=\"stop\",model_name=\"tiny\"} 1.0",
                            "vllm:time_to_first_token_seconds_count{model_name=\"tiny\"} 1",
                            "vllm:inter_token_latency_seconds_count{model_name=\"tiny\"} 2",
                            "vllm:e2e_request_latency_seconds_count{model_name=\"tiny\"} 1",
                            "vllm:request_prompt_tokens_sum{model_name=\"tiny\"} 4.0",
                            "vllm:request_generation_tokens_bucket{model_name=\"tiny\",le=\"5.0\"} 1",
                            "yuebing:http_requests_total{code=\"200\",route=\"/v1/completions\"} 1.0",
                            "yuebing:http_requests_total{code=\"400\",route=\"/v1/completions\"} 1.0");
        }
    }

    @Test
    void aPortThatIsTakenIsNamed() {
        int taken = server.uri("/").getPort();
        assertThatThrownBy(() -> HttpListener.start("127.0.0.1", taken, new ApiRoutes(new SurfaceMetrics())))
                .isInstanceOf(UserError.class)
                .hasMessage("Cannot listen on 127.0.0.1:" + taken
                        + ": Address already in use; choose another port or stop the process that uses it");
    }

    /** The fastest of several counts: the machine may be busy. */
    @Test
    void aServerThatStopsDoesNotWaitForConnectionsWithoutARequest() throws Exception {
        long fastest = Long.MAX_VALUE;
        for (int i = 0; i < 8 && fastest > 500; i++) {
            TestServer idle = new TestServer();
            idle.generator.say(1, 2, 3);
            try (Socket kept = idle.open("/v1/completions", "{\"prompt\":[1,2,3,4]}")) {
                TestServer.readUntil(kept.getInputStream(), "total_tokens");
                long began = System.nanoTime();
                idle.close();
                fastest = Math.min(fastest, (System.nanoTime() - began) / 1_000_000);
            }
        }
        assertThat(fastest).as("milliseconds").isLessThan(500);
    }

    @Test
    void aHundredRequestsAtOnceEachGetTheirOwnAnswer() throws Exception {
        try (TestServer busy = new TestServer()) {
            busy.generator.script = request -> ScriptedGenerator.answer(
                    request, TestServer.TOKENIZER.encode("answer to " + request.promptTokens()[0], false));
            List<CompletableFuture<HttpResponse<String>>> pending = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                String json = "{\"prompt\":[" + i + "],\"max_tokens\":50,\"stream\":" + (i % 2 == 0) + "}";
                pending.add(busy.client.sendAsync(
                        busy.request("/v1/completions", json), HttpResponse.BodyHandlers.ofString()));
            }
            for (int i = 0; i < 100; i++) {
                String body = pending.get(i).get(30, TimeUnit.SECONDS).body();
                StringBuilder text = new StringBuilder();
                for (String frame : body.strip().split("\n\n", -1)) {
                    String json = frame.replaceFirst("^data: ", "");
                    if (!json.equals("[DONE]")) {
                        text.append(TestServer.json(json)
                                .path("choices")
                                .get(0)
                                .path("text")
                                .stringValue());
                    }
                }
                assertThat(text).hasToString("answer to " + i);
            }
            assertThat(busy.generator.closed).hasSize(100);
        }
    }
}
