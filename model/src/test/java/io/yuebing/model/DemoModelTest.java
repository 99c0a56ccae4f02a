package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The bundled model does what its samples say. */
class DemoModelTest {
    @Test
    void samplesAreReproduced() {
        JsonNode samples = JsonMapper.shared()
                .readTree(ModelRun.DEMO.resolve("samples.json"))
                .get("samples");
        try (ModelRun run = ModelRun.open(ModelRun.DEMO, ComputeMode.F32, 2, ElementType.F32)) {
            for (JsonNode sample : samples) {
                int[] prompt = Reference.ints(sample.get("prompt_ids"));
                String name = sample.get("prompt").asString();
                float[] last = run.logits(prompt, 128)[prompt.length - 1];
                for (JsonNode top : sample.get("top5")) {
                    assertThat(last[top.get("id").asInt()])
                            .as("logit %s after '%s'", top.get("id"), name)
                            .isCloseTo((float) top.get("logit").asDouble(), within(1e-3f));
                }
                int[] continuation = Reference.ints(sample.get("output_ids_ignoring_eos"));
                assertThat(run.greedy(prompt, continuation.length))
                        .as("after '%s'", name)
                        .containsExactly(continuation);
            }
        }
    }

    /** A user gets these settings without asking; PRECISION.md tells where the tolerance comes from. */
    @Test
    void fastSettingsStayCloseToTheSamples() {
        JsonNode samples = JsonMapper.shared()
                .readTree(ModelRun.DEMO.resolve("samples.json"))
                .get("samples");
        try (ModelRun run = ModelRun.open(ModelRun.DEMO, ComputeMode.INT8, 2, ElementType.BF16)) {
            for (JsonNode sample : samples) {
                int[] prompt = Reference.ints(sample.get("prompt_ids"));
                float[] last = run.logits(prompt, 128)[prompt.length - 1];
                for (JsonNode top : sample.get("top5")) {
                    assertThat(last[top.get("id").asInt()])
                            .as("logit %s after '%s'", top.get("id"), sample.get("prompt"))
                            .isCloseTo((float) top.get("logit").asDouble(), within(0.25f));
                }
            }
        }
    }
}
