package io.yuebing.model.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.json.JsonObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A layer multiplied with unit vectors gives its weights, each the one that the format's definition gives, exactly. */
class QuantizedFormatsTest {
    private static final WeightLoader.Progress QUIET = (done, total) -> {};

    @TempDir
    Path dir;

    @ParameterizedTest
    @EnumSource
    void weightsAreThoseOfTheDefinition(QuantizedLayer.Kind kind) {
        for (long seed = 0; seed < 4; seed++) {
            QuantizedLayer layer = QuantizedLayer.random(kind, new Random(seed));
            layer.file().write(dir.resolve("model.safetensors"));
            float[][] weights = weights(layer.config(), QuantizedLayer.OUTPUTS, QuantizedLayer.INPUTS);
            for (int output = 0; output < QuantizedLayer.OUTPUTS; output++) {
                assertThat(weights[output])
                        .as("%s, seed %d, output %d", kind, seed, output)
                        .containsExactly(layer.weights()[output]);
            }
        }
    }

    /** A layer may be used in parts, turned round or not, whatever it is stored in. */
    @ParameterizedTest
    @EnumSource
    void partsHaveTheSameWeights(QuantizedLayer.Kind kind) {
        int turned = 20;
        int inputs = QuantizedLayer.INPUTS;
        int straight = QuantizedLayer.OUTPUTS - turned;
        QuantizedLayer layer = QuantizedLayer.random(kind, new Random(5));
        layer.file().write(dir.resolve("model.safetensors"));
        try (Arena arena = Arena.ofShared();
                WorkerPool pool = WorkerPool.create(2)) {
            WeightLoader loader =
                    new WeightLoader(Checkpoint.open(dir), quantization(layer.config()), ComputeMode.INT8, arena);
            Supplier<List<Linear>> parts = loader.parts(
                    "layer",
                    QuantizedLayer.OUTPUTS,
                    inputs,
                    List.of(new MatrixPart(0, turned, true), new MatrixPart(turned, straight, false)));
            loader.load(pool, QUIET);
            float[] rows = products(parts.get().getFirst(), pool);
            float[] columns = products(parts.get().getLast(), pool);
            for (int input = 0; input < inputs; input++) {
                for (int output = 0; output < QuantizedLayer.OUTPUTS; output++) {
                    float weight = output < turned
                            ? rows[output * inputs + input]
                            : columns[input * straight + output - turned];
                    assertThat(weight)
                            .as("%s, output %d, input %d", kind, output, input)
                            .isEqualTo(layer.weights()[output][input]);
                }
            }
        }
    }

    /** Products with unit vectors, {@code [inputs][outputs]}. */
    private static float[] products(Linear linear, WorkerPool pool) {
        int inputs = linear.inputs();
        float[] unit = new float[inputs * inputs];
        for (int i = 0; i < inputs; i++) {
            unit[i * inputs + i] = 1;
        }
        float[] y = new float[inputs * linear.outputs()];
        linear.apply(unit, inputs, y, pool);
        return y;
    }

    /** The matrix by columns: its products with unit vectors. */
    private float[][] weights(String config, int outputs, int inputs) {
        Quantization quantization = quantization(config).orElseThrow();
        float[] y;
        try (Arena arena = Arena.ofShared();
                WorkerPool pool = WorkerPool.create(2)) {
            y = products(layer(quantization, arena, pool, outputs, inputs), pool);
        }
        float[][] weights = new float[outputs][inputs];
        for (int i = 0; i < y.length; i++) {
            weights[i % outputs][i / outputs] = y[i];
        }
        return weights;
    }

    private Linear layer(Quantization quantization, Arena arena, WorkerPool pool, int outputs, int inputs) {
        WeightLoader loader = new WeightLoader(Checkpoint.open(dir), Optional.of(quantization), ComputeMode.F32, arena);
        Supplier<Linear> linear = loader.linear("layer", outputs, inputs, false);
        loader.load(pool, QUIET);
        return linear.get();
    }

    private Optional<Quantization> quantization(String config) {
        byte[] json = ("{\"quantization_config\":" + config + "}").getBytes(StandardCharsets.UTF_8);
        return Quantization.read(JsonObject.parse("config.json", json), dir);
    }

    /** A flipped bit or a cut may leave a valid file; it must never end in anything but success or a sentence. */
    @ParameterizedTest
    @EnumSource
    void noMutationOfAFileEndsInAnotherException(QuantizedLayer.Kind kind) throws IOException {
        QuantizedLayer layer = QuantizedLayer.random(kind, new Random(1));
        byte[] valid = Files.readAllBytes(layer.file().write(dir.resolve("model.safetensors")));
        Quantization quantization = quantization(layer.config()).orElseThrow();
        try (WorkerPool pool = WorkerPool.create(1)) {
            for (int seed = 0; seed < 150; seed++) {
                Random random = new Random(seed);
                byte[] mutated =
                        random.nextInt(4) == 0 ? Arrays.copyOf(valid, random.nextInt(valid.length)) : valid.clone();
                for (int i = 0; i < 6 && mutated.length > 0; i++) {
                    int at = random.nextInt(random.nextBoolean() ? mutated.length : Math.min(mutated.length, 600));
                    mutated[at] = (byte) (random.nextBoolean() ? '0' + random.nextInt(10) : random.nextInt(256));
                }
                Files.write(dir.resolve("model.safetensors"), mutated);
                expectSentence(seed, () -> {
                    try (Arena arena = Arena.ofShared()) {
                        layer(quantization, arena, pool, QuantizedLayer.OUTPUTS, QuantizedLayer.INPUTS);
                    }
                });
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void noMutationOfAConfigurationEndsInAnotherException(QuantizedLayer.Kind kind) {
        String valid = QuantizedLayer.random(kind, new Random(1)).config();
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            StringBuilder mutated = new StringBuilder(valid);
            for (int i = random.nextInt(3); i >= 0; i--) {
                mutated.setCharAt(random.nextInt(mutated.length()), "0189-x\"[]{}:,.*(".charAt(random.nextInt(16)));
            }
            expectSentence(seed, () -> quantization(mutated.toString()).ifPresent(Quantization::describe));
        }
    }

    private static void expectSentence(int seed, Runnable run) {
        try {
            run.run();
        } catch (UserError expected) {
            assertThat(expected.getMessage()).as("seed %d", seed).doesNotContain("\n");
        } catch (RuntimeException | Error e) {
            throw new AssertionError("seed " + seed + ": " + e, e);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        {"quant_method": "gptq", "bits": 3, "group_size": 128}                      | gptq 3 bit, group 128, symmetric
        {"quant_method": "gptq", "bits": 4, "group_size": 64, "dynamic": {"-:x": {}}} | gptq 4 bit, group 64, symmetric, with exceptions
        {"quant_method": "awq", "bits": 4, "group_size": 128, "version": "GEMM"}    | awq 4 bit, group 128
        {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}     | fp8 e4m3, blocks of 128 x 128
        {"quant_method": "fp8", "activation_scheme": "static"}                      | fp8 e4m3
        """)
    void whatPeopleReadOfIt(String config, String expected) {
        assertThat(quantization(config).orElseThrow().describe()).isEqualTo(expected);
    }

    @Test
    void compressedTensorsAreDescribedByTheirSchemes() {
        assertThat(QuantizedLayer.Kind.COMPRESSED_W4_ORDER.config())
                .satisfies(
                        config -> assertThat(quantization(config).orElseThrow().describe())
                                .isEqualTo("compressed-tensors int 4 bit, group 32, symmetric"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"quant_method\": \"bitsandbytes\"}",
                "{\"quant_method\": \"fp8\", \"fmt\": \"e5m2\"}",
                "{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 128, \"version\": \"gemv\"}",
                "{\"quant_method\": \"compressed-tensors\", \"config_groups\": {\"g\": {\"targets\": [\"Linear\"],"
                        + " \"format\": \"nvfp4-pack-quantized\", \"weights\": {\"num_bits\": 4, \"type\": \"float\"}}}}"
            })
    void everythingElseIsRefusedWithWhatIsSupported(String config) {
        assertThatThrownBy(() -> quantization(config))
                .isInstanceOf(UserError.class)
                .message()
                .startsWith("config.json: ")
                .contains("is not supported; supported: gptq with 2, 3, 4 or 8 bits, awq (gemm)")
                .contains("yuebing quantize");
    }

    @Test
    void rulesOfAGptqModelHoldForTheLayersTheyMatch() {
        Quantization gptq = quantization(
                        "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128, \"dynamic\":"
                                + " {\"-:.*down_proj\": {}, \"+:model\\\\.layers\\\\.0\\\\.\": {\"bits\": 8, \"group_size\": 32}}}")
                .orElseThrow();
        assertThat(gptq.formatOf("model.layers.0.mlp.down_proj")).isEmpty();
        assertThat(gptq.formatOf("model.layers.0.mlp.up_proj"))
                .contains(new GptqFormat(new GptqConfig(8, 32, false, true, false)));
        assertThat(gptq.formatOf("model.layers.1.mlp.up_proj"))
                .contains(new GptqFormat(new GptqConfig(4, 128, false, true, false)));
    }

    @Test
    void namesGoBeforeClassesAndIgnoredLayersAreFloats() {
        String weights = "\"weights\": {\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"channel\"}";
        Quantization compressed = quantization("{\"quant_method\": \"compressed-tensors\", \"config_groups\": {"
                        + "\"a\": {\"targets\": [\"Linear\"], \"format\": \"float-quantized\", " + weights + "},"
                        + "\"b\": {\"targets\": [\"re:.*down_proj$\"], \"format\": \"int-quantized\", "
                        + weights.replace("float", "int") + "}}, \"ignore\": [\"lm_head\", \"re:.*gate$\"]}")
                .orElseThrow();
        assertThat(compressed.formatOf("model.layers.0.mlp.up_proj"))
                .contains(new E4m3Format(Optional.of(Blocks.CHANNEL)));
        assertThat(compressed.formatOf("model.layers.0.mlp.down_proj")).contains(new Int8Format(Blocks.CHANNEL));
        assertThat(compressed.formatOf("model.layers.0.mlp.gate")).isEmpty();
        assertThat(compressed.formatOf("lm_head")).isEmpty();
    }

    @Test
    void aLayerLeftAsFloatsIsReadSo() {
        new SafetensorsFile()
                .floats("layer.weight", new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 4)
                .write(dir.resolve("model.safetensors"));
        for (String config : new String[] {
            "{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128, \"modules_in_block_to_quantize\": [[\"x\"]]}",
            "{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 128, \"modules_to_not_convert\": [\"layer\"]}",
            "{\"quant_method\": \"fp8\", \"ignored_layers\": [\"layer\"]}"
        }) {
            assertThat(weights(config, 2, 4)).isDeepEqualTo(new float[][] {{1, 2, 3, 4}, {5, 6, 7, 8}});
        }
    }

    @Test
    void aWeightThatIsNotANumberIsTold() {
        new SafetensorsFile()
                .add("layer.weight", TensorType.F8_E4M3, new byte[] {0, 1, 2, 0x7F}, 2, 2)
                .floats("layer.weight_scale", new float[] {1}, 1)
                .write(dir.resolve("model.safetensors"));
        assertThatThrownBy(() -> weights("{\"quant_method\": \"fp8\"}", 2, 2))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("tensor layer.weight holds NaN at [1, 1]");
    }
}
