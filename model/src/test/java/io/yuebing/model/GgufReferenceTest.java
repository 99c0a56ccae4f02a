package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares GGUF models with what transformers computed from the same files, dequantised by gguf-py. */
class GgufReferenceTest {
    static final Path FILES = Path.of("src", "test", "resources", "gguf");

    @ParameterizedTest
    @ValueSource(strings = {"qwen2-f32-f16", "qwen2-f32-q8_0", "qwen2-f32-q4_0", "qwen2-h256-q6_k", "llama3-bf16"})
    void logitsAgreeToFloatRoundingAndGreedyIdsExactly(String name) {
        Reference reference = Reference.readFile(FILES.resolve(name + ".reference.json"));
        try (ModelRun run = ModelRun.open(FILES.resolve(name + ".gguf"), ComputeMode.F32, 2, ElementType.F32)) {
            for (Reference.Prompt prompt : reference.prompts()) {
                double difference = Reference.largestDifference(prompt, run.logits(prompt.ids(), 64));
                assertThat(difference).as("%s, prompt %s", name, prompt.name()).isLessThan(1e-3);
                assertThat(run.greedy(prompt.ids(), prompt.greedy().length))
                        .as("greedy ids of %s, prompt %s", name, prompt.name())
                        .containsExactly(prompt.greedy());
            }
        }
    }
}
