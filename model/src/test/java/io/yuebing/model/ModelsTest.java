package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.model.decoder.Architectures;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.AbstractStringAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelsTest {
    @TempDir
    Path dir;

    private AbstractStringAssert<?> loadError() {
        return (AbstractStringAssert<?>) assertThatThrownBy(() -> ModelRun.load(dir, ComputeMode.F32, 2))
                .isInstanceOf(UserError.class)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void theSummaryTellsWhatTheFilesSay() {
        ModelSummary demo = Models.inspect(ModelRun.DEMO);

        assertThat(demo.name()).isEqualTo("demo");
        assertThat(demo.config().architecture()).isEqualTo("Qwen2ForCausalLM");
        assertThat(demo.parameters()).isEqualTo(4_986_368);
        assertThat(demo.quantisation()).isEqualTo("gptq 4 bit, group 128, symmetric");
        assertThat(demo.types()).containsExactly("f16", "i32");
        assertThat(demo.rope()).isEqualTo("theta 1000000");
        assertThat(demo.chatTemplate()).isTrue();
        assertThat(demo.tiedEmbeddings()).isTrue();
        assertThat(demo.slidingWindowLayers()).isZero();
        assertThat(demo.config().eosTokenIds()).containsExactly(4093, 4091);
        assertThat(demo.config().maxPositions()).isEqualTo(4096);
        assertThat(demo.kvBytesPerToken(ElementType.F32)).isEqualTo(6 * 2 * 2 * 32 * 4);
        assertThat(demo.kvBytesPerToken(ElementType.INT8)).isEqualTo(6 * 2 * 2 * (32 + 4));
        assertThat(demo.kvBytesPerToken(ElementType.BF16)).isEqualTo(6 * 2 * 2 * 32 * 2);
        assertThat(demo.memoryNeeded(ElementType.BF16)).isEqualTo(demo.weightBytes() + 4096L * 1536);
    }

    @Test
    void shardedAndYarnModelsAreSummarised() {
        ModelSummary sharded = Models.inspect(ModelRun.MODELS.resolve("qwen2-bf16-sharded"));
        assertThat(sharded.quantisation()).isEqualTo("none");
        assertThat(sharded.types()).containsExactly("bf16");
        assertThat(sharded.weightBytes()).isEqualTo(2 * sharded.parameters());
        ModelSummary yarn = Models.inspect(ModelRun.MODELS.resolve("qwen2-yarn"));
        assertThat(yarn.rope()).isEqualTo("theta 1000000, yarn factor 4.0 over 64 positions");
        assertThat(yarn.config().maxPositions()).isEqualTo(256);
    }

    @Test
    void samplingDefaultsComeFromGenerationConfig() {
        assertThat(Models.inspect(ModelRun.MODELS.resolve("qwen2-f32")).config().generation())
                .isEqualTo(new GenerationDefaults(
                        Optional.of(0.7), Optional.of(0.8), Optional.of(20), Optional.empty(), Optional.of(1.05)));
        assertThat(Models.inspect(ModelRun.DEMO).config().generation().temperature())
                .as("do_sample: false means greedy")
                .contains(0.0);
        ModelConfig without = Models.inspect(new TinyModel(dir).write()).config();
        assertThat(without.generation()).isEqualTo(GenerationDefaults.NONE);
        assertThat(without.eosTokenIds()).as("eos_token_id of config.json").containsExactly(1);
    }

    @Test
    void fingerprintsTellModelsAndComputationApart() throws IOException {
        Path copy = Files.createDirectory(dir.resolve("copy"));
        String first = fingerprint(new TinyModel(dir).write(), ComputeMode.F32);
        assertThat(first).matches("[0-9a-f]{32}");
        assertThat(fingerprint(new TinyModel(copy).write(), ComputeMode.F32))
                .as("same model elsewhere")
                .isEqualTo(first);
        assertThat(fingerprint(dir, ComputeMode.INT8)).as("other compute mode").isNotEqualTo(first);
        assertThat(fingerprint(new TinyModel(copy).config("rope_theta", 20000.0).write(), ComputeMode.F32))
                .as("other configuration")
                .isNotEqualTo(first);
        float[] norm = new float[TinyModel.HIDDEN];
        Path changed = new TinyModel(copy)
                .tensor("model.norm.weight", norm, norm.length)
                .write();
        assertThat(fingerprint(changed, ComputeMode.F32)).as("other weights").isNotEqualTo(first);
    }

    private static String fingerprint(Path model, ComputeMode compute) {
        try (CausalLm loaded = ModelRun.load(model, compute, 1)) {
            return loaded.fingerprint();
        }
    }

    @Test
    void progressEndsWithAllBytes() {
        List<Long> done = new ArrayList<>();
        List<Long> totals = new ArrayList<>();
        Models.ProgressListener listener = (bytes, totalBytes) -> {
            done.add(bytes);
            totals.add(totalBytes);
        };
        Models.load(ModelRun.DEMO, new Models.LoadOptions(ComputeMode.INT8, 2, listener))
                .close();
        assertThat(done).isSorted().last().isEqualTo(totals.getFirst());
        assertThat(totals.stream().distinct()).hasSize(1);
    }

    @Test
    void anUnsupportedArchitectureIsTold() {
        new TinyModel(dir).config("architectures", List.of("FooForCausalLM")).write();
        loadError()
                .isEqualTo(dir.resolve("config.json") + ": architecture FooForCausalLM is not supported; supported: "
                        + Architectures.names());
    }

    @Test
    void anUnsupportedQuantisationIsTold() {
        new TinyModel(dir)
                .config("quantization_config", Map.of("quant_method", "hqq", "bits", 4, "group_size", 128))
                .write();
        loadError()
                .startsWith(dir.resolve("config.json") + ": quant_method 'hqq' is not supported; supported: gptq with"
                        + " 2, 3, 4 or 8 bits, awq (gemm) with 4 bits")
                .contains("no quantisation (f32, f16, bf16)");
        new TinyModel(dir)
                .config("quantization_config", Map.of("quant_method", "gptq", "bits", 5, "group_size", 128))
                .write();
        loadError().contains("gptq with 5 bits is not supported; supported: gptq with 2, 3, 4 or 8 bits");
        new TinyModel(dir)
                .config("quantization_config", Map.of("quant_method", "awq", "bits", 4, "version", "gemv"))
                .write();
        loadError().contains("awq in the layout 'gemv' is not supported; supported: ");
    }

    @Test
    void quantizeConfigIsTheOldPlace() {
        new TinyModel(dir)
                .file("quantize_config.json", "{\"bits\": 8, \"group_size\": -1, \"desc_act\": true, \"sym\": false}")
                .write();
        assertThat(Models.inspect(dir).quantisation()).isEqualTo("gptq 8 bit, whole columns, asymmetric, act-order");
    }

    @Test
    void aQuantisedTensorWithoutConfigurationIsTold() {
        new TinyModel(dir)
                .withoutTensor("model.layers.1.mlp.up_proj.weight")
                .ints("model.layers.1.mlp.up_proj.qweight", new int[4], 4)
                .write();
        loadError().contains("model.layers.1.mlp.up_proj.qweight is quantised, but neither config.json has");
    }

    @Test
    void aMissingTensorIsTold() {
        for (String name : List.of(
                "model.embed_tokens.weight",
                "model.layers.1.self_attn.q_proj.bias",
                "model.layers.1.self_attn.o_proj.weight",
                "model.layers.0.post_attention_layernorm.weight",
                "model.norm.weight",
                "lm_head.weight")) {
            new TinyModel(dir).withoutTensor(name).write();
            loadError()
                    .startsWith(dir + ": tensor " + name + " is missing; looked in the headers of [model.safetensors]");
        }
    }

    @Test
    void aTensorOfAnotherShapeIsTold() {
        new TinyModel(dir)
                .tensor("model.layers.0.mlp.down_proj.weight", new float[64], 32, 2)
                .write();
        loadError()
                .isEqualTo(dir.resolve("model.safetensors")
                        + ": tensor model.layers.0.mlp.down_proj.weight has shape [32, 2], expected [32, 48] by"
                        + " the model's configuration");
    }

    @Test
    void aTruncatedFileIsTold() throws IOException {
        Path file = new TinyModel(dir).write().resolve("model.safetensors");
        long size = Files.size(file);
        try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(size - 1);
        }
        loadError()
                .startsWith(file + ": truncated: tensor lm_head.weight at offset ")
                .endsWith(" ends at byte " + size + ", the file has " + (size - 1) + " bytes; fetch the file again");
    }

    @Test
    void wrongConfigurationIsToldWithFieldRangeAndValue() {
        new TinyModel(dir).config("hidden_size", "wide").write();
        loadError()
                .isEqualTo(dir.resolve("config.json")
                        + ": hidden_size must be a whole number in [1, 1048576], found \"wide\"");
        new TinyModel(dir).without("num_hidden_layers").write();
        loadError().isEqualTo(dir.resolve("config.json") + ": num_hidden_layers is missing");
        new TinyModel(dir).config("num_key_value_heads", 3).write();
        loadError().contains("num_attention_heads 4 must be a multiple of num_key_value_heads 3");
        new TinyModel(dir).config("hidden_act", "gelu").write();
        loadError().contains("hidden_act 'gelu' is not supported; supported: silu, gelu_pytorch_tanh");
        new TinyModel(dir).config("rope_scaling", Map.of("type", "magic")).write();
        loadError()
                .contains(
                        "rope type 'magic' is not supported; supported: default, linear, dynamic, llama3, yarn, longrope");
    }

    @Test
    void aDirectoryThatIsNoModelIsTold() {
        loadError()
                .isEqualTo(dir.resolve("config.json") + " does not exist; a Hugging Face style model directory has it");
        dir = dir.resolve("nowhere");
        loadError().startsWith(dir + " is no directory");
    }
}
