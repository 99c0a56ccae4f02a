package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The bundled model's samples, computed by transformers, come out of a prefill and a decode process exactly. */
class DemoSamplesTest {
    /** Where the two best logits are closer than this, another order of summation may choose the other token. */
    private static final double SAFE_GAP = 1e-3;

    @Test
    void samplesContinueAsTheReferenceSays() throws Exception {
        JsonNode samples = Client.JSON
                .readTree(LocalCluster.DEMO.resolve("samples.json").toFile())
                .path("samples");
        assertThat(samples.size()).isEqualTo(12);
        try (UpProcess up = UpProcess.start("--compute", "f32", "--kv-dtype", "f32")) {
            Client client = new Client(up.uri());
            for (JsonNode sample : samples) {
                assertThat(ReferenceModel.ints(client.post("/tokenize", Map.of("prompt", sample.path("prompt")))
                                .path("tokens")))
                        .as("prompt ids of %s", sample.path("prompt"))
                        .isEqualTo(ReferenceModel.ints(sample.path("prompt_ids")));
                assertThat(sample.path("least_logit_gap_ignoring_eos").doubleValue())
                        .isGreaterThan(SAFE_GAP);
                assertThat(ids(client, sample, 64, false))
                        .as("continuation of %s", sample.path("prompt"))
                        .isEqualTo(ReferenceModel.ints(sample.path("output_ids")));
                assertThat(ids(client, sample, 48, true))
                        .as("continuation of %s without end of sequence", sample.path("prompt"))
                        .isEqualTo(ReferenceModel.ints(sample.path("output_ids_ignoring_eos")));
            }
        }
    }

    private static int[] ids(Client client, JsonNode sample, int maxTokens, boolean ignoreEos) throws Exception {
        JsonNode answer = client.post(
                "/v1/completions",
                Map.of(
                        "model",
                        "yuebing-demo",
                        "prompt",
                        sample.path("prompt"),
                        "max_tokens",
                        maxTokens,
                        "temperature",
                        0,
                        "ignore_eos",
                        ignoreEos,
                        "return_token_ids",
                        true));
        return ReferenceModel.ints(answer.path("choices").path(0).path("token_ids"));
    }
}
