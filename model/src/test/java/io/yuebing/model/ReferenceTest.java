package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares with logits and greedy continuations that transformers computed in float32. */
class ReferenceTest {
    static Stream<String> models() throws IOException {
        try (Stream<Path> directories = Files.list(ModelRun.MODELS)) {
            return directories
                    .filter(directory -> Files.exists(directory.resolve("reference.json")))
                    .map(directory -> directory.getFileName().toString())
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void floatComputeAndFloatCacheAgreeToFloatRounding(String name) {
        Path dir = ModelRun.MODELS.resolve(name);
        try (ModelRun run = ModelRun.open(dir, ComputeMode.F32, 2, ElementType.F32)) {
            for (Reference.Prompt prompt : Reference.read(dir).prompts()) {
                double difference = Reference.largestDifference(prompt, run.logits(prompt.ids(), 64));
                record(String.format(
                        Locale.ROOT, "%s, reference, prompt %s: largest %.2e%n", name, prompt.name(), difference));
                assertThat(difference).as("%s, prompt %s", name, prompt.name()).isLessThan(1e-3);
                assertThat(run.greedy(prompt.ids(), prompt.greedy().length))
                        .as("greedy ids of %s, prompt %s", name, prompt.name())
                        .containsExactly(prompt.greedy());
            }
        }
    }

    /**
     * PRECISION.md says where the tolerances come from. The reference is the same model with float compute and cache,
     * at all positions and for the whole vocabulary.
     */
    @ParameterizedTest
    @CsvSource({
        "qwen2-f32,       F32,  BF16, 0.25, 0.03",
        "qwen2-bf16,      F32,  BF16, 0.25, 0.03",
        "qwen2-yarn,      F32,  BF16, 0.25, 0.03",
        "qwen2-gptq-int4, F32,  BF16, 0.25, 0.03",
        "qwen2-gptq-int8, F32,  BF16, 0.25, 0.03",
        "qwen2-f32,       F32,  F16,  0.025, 0.003",
        "qwen2-gptq-int4, F32,  F16,  0.025, 0.003",
        "qwen2-f32,       F32,  INT8, 0.6,  0.08",
        "qwen2-yarn,      F32,  INT8, 0.6,  0.08",
        "qwen2-gptq-int4, F32,  INT8, 0.6,  0.08",
        "qwen2-gptq-int4, INT8, F32,  1.0,  0.12",
        "qwen2-gptq-int8, INT8, F32,  1.0,  0.12",
        "qwen2-gptq-int4, INT8, BF16, 1.0,  0.12",
        "qwen2-gptq-int8, INT8, BF16, 1.0,  0.12",
        "qwen2-gptq-int4, INT8, INT8, 1.0,  0.14",
    })
    void fasterSettingsStayWithinTheirTolerance(
            String name, ComputeMode compute, ElementType kvType, double largest, double rootMeanSquare) {
        Path dir = ModelRun.MODELS.resolve(name);
        try (ModelRun fast = ModelRun.open(dir, compute, 2, kvType);
                ModelRun exact = ModelRun.open(dir, ComputeMode.F32, 2, ElementType.F32)) {
            for (Reference.Prompt prompt : Reference.read(dir).prompts()) {
                String where = name + ", " + compute + ", KV " + kvType + ", prompt " + prompt.name();
                Difference difference = Difference.of(fast.logits(prompt.ids(), 64), exact.logits(prompt.ids(), 64));
                report(where, difference);
                assertThat(difference.largest())
                        .as("largest difference, %s", where)
                        .isLessThan(largest);
                assertThat(difference.rootMeanSquare())
                        .as("root mean square of the differences, %s", where)
                        .isLessThan(rootMeanSquare);
            }
        }
    }

    /** Leaves the numbers of PRECISION.md in target/precision.txt. */
    private static void report(String where, Difference difference) {
        String line = String.format(
                Locale.ROOT,
                "%s: largest %.4f, root mean square %.4f, same most likely id at %d of %d positions%n",
                where,
                difference.largest(),
                difference.rootMeanSquare(),
                difference.sameMostLikely(),
                difference.positions());
        record(line);
    }

    private static void record(String line) {
        try {
            Files.writeString(
                    Path.of("target", "precision.txt"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How far two runs' logits are apart. */
    private record Difference(double largest, double rootMeanSquare, int sameMostLikely, int positions) {
        static Difference of(float[][] actual, float[][] expected) {
            double largest = 0;
            double squares = 0;
            long count = 0;
            int same = 0;
            for (int position = 0; position < expected.length; position++) {
                same += ModelRun.argmax(actual[position]) == ModelRun.argmax(expected[position]) ? 1 : 0;
                for (int id = 0; id < expected[position].length; id++) {
                    double difference = Math.abs(actual[position][id] - expected[position][id]);
                    largest = Math.max(largest, difference);
                    squares += difference * difference;
                    count++;
                }
            }
            return new Difference(largest, Math.sqrt(squares / count), same, expected.length);
        }
    }
}
