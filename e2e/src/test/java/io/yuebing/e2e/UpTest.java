package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.SequenceInputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What README's quick start promises, with real processes. */
class UpTest {

    @Test
    void theThreeRequestsOfTheQuickStartAreAnsweredDisaggregated() throws Exception {
        try (UpProcess up = UpProcess.start()) {
            Client client = new Client(up.uri());
            JsonNode city = client.post(
                    "/v1/completions",
                    Map.of("model", "yuebing-demo", "prompt", "San Francisco is a", "max_tokens", 1000));
            assertThat(city.path("choices").path(0).path("text").stringValue()).contains("California");
            assertThat(city.path("choices").path(0).path("finish_reason").stringValue())
                    .isEqualTo("stop");
            JsonNode who = client.post(
                    "/v1/completions",
                    Map.of(
                            "model",
                            "yuebing-demo",
                            "prompt",
                            "system: you are a helpful assistant.\n user: 你是?\nassistant:",
                            "temperature",
                            0.7,
                            "top_p",
                            0.8,
                            "max_tokens",
                            100));
            assertThat(who.path("usage").path("completion_tokens").intValue()).isPositive();
            List<JsonNode> frames = Client.frames(client.stream(
                    "/v1/chat/completions",
                    Map.of(
                            "model",
                            "yuebing-demo",
                            "messages",
                            List.of(Map.of("role", "user", "content", "What is 7 + 5?")),
                            "stream",
                            true)));
            StringBuilder text = new StringBuilder();
            frames.forEach(frame -> text.append(
                    frame.path("choices").path(0).path("delta").path("content").asString("")));
            assertThat(text.toString()).contains("12");
            assertThat(client.metric("yuebing:fallbacks_total")).as("fallbacks").isZero();
        }
    }

    @Test
    void processesOfUpEndWithItEvenWhenItIsKilled() throws Exception {
        UpProcess up = UpProcess.start();
        List<ProcessHandle> children = up.children();
        assertThat(children).as("prefill node, decode node, gateway").hasSize(3);
        assertThat(up.handle().destroyForcibly()).isTrue();
        Eventually.holds(
                "all processes have ended",
                Duration.ofSeconds(10),
                () -> children.stream().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    void aKilledDecodeNodeCostsItsStreamAPauseAndNothingElse() throws Exception {
        try (UpProcess up = UpProcess.start()) {
            Client client = new Client(up.uri());
            Map<String, Object> request = Map.of(
                    "prompt",
                    "San Francisco is a",
                    "max_tokens",
                    800,
                    "ignore_eos",
                    true,
                    "temperature",
                    0.9,
                    "seed",
                    11,
                    "stream",
                    true);
            String undisturbed = Client.text(Client.frames(client.stream("/v1/completions", request)));
            var stream = client.stream("/v1/completions", request);
            byte[] first = stream.readNBytes(200);
            assertThat(first).hasSize(200);
            assertThat(up.child("role=decode").destroyForcibly()).isTrue();
            String whole = Client.text(Client.frames(new SequenceInputStream(new ByteArrayInputStream(first), stream)));
            assertThat(whole).isEqualTo(undisturbed);
            assertThat(client.metric("yuebing:failovers_total")).isPositive();
            Eventually.holds(
                    "the decode node is back", Duration.ofSeconds(30), () -> client.metric("yuebing:nodes") == 2);
            JsonNode next = client.post("/v1/completions", Map.of("prompt", "San Francisco is a", "max_tokens", 5));
            assertThat(next.path("usage").path("completion_tokens").intValue()).isEqualTo(5);
        }
    }
}
