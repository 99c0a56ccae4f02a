package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A GGUF file gives the logits of the folder that it was converted from, whose own are held to transformers'. */
class GgufFamiliesTest {
    private static final int HIDDEN = 32;
    private static final int WIDTH = 48;
    private static final int HEADS = 4;
    private static final int HEAD_SIZE = 8;
    private static final Map<String, String> NAMES_OF_GEMMA = Map.of(
            "post_attention_layernorm", "post_attention_norm",
            "pre_feedforward_layernorm", "ffn_norm",
            "post_feedforward_layernorm", "post_ffw_norm");

    @TempDir
    private Path dir;

    /** Llama's architecture has no window, so Mistral's is left out on both sides. */
    @ParameterizedTest
    @CsvSource({"qwen3, qwen3", "qwen3_moe, qwen3moe", "mistral, llama", "mixtral, llama", "phi3, phi3"})
    void familiesAreReadAsConverted(String name, String architecture) throws IOException {
        Path model = changed(
                name,
                Map.of("mistral", Map.<String, Object>of("sliding_window", 0)).getOrDefault(name, Map.of()));
        assertSameLogits(model, architecture, Map.of());
    }

    /** What GGUF cannot say is what llama.cpp takes for granted: every sixth layer is full, heads are scaled by their size. */
    @Test
    void gemma3HasWholeNormsAndItsOwnNamesForThem() throws IOException {
        Path model = changed("gemma3", Map.of("sliding_window_pattern", 6, "query_pre_attn_scalar", 32));
        assertSameLogits(model, "gemma3", NAMES_OF_GEMMA);
    }

    @Test
    void gemma2HasItsLimits() throws IOException {
        Path model = changed("gemma2", Map.of("query_pre_attn_scalar", 32));
        assertSameLogits(model, "gemma2", NAMES_OF_GEMMA);
    }

    @Test
    void glm4TurnsNeighboursOfAPartOfTheHead() throws IOException {
        RandomModel model = model("Glm4ForCausalLM").config("partial_rotary_factor", 0.5);
        attention(model);
        model.matrix("model.layers.0.mlp.gate_up_proj", 2 * WIDTH, HIDDEN)
                .matrix("model.layers.0.mlp.down_proj", HIDDEN, WIDTH)
                .norm("model.layers.0.post_self_attn_layernorm.weight", HIDDEN)
                .norm("model.layers.0.post_mlp_layernorm.weight", HIDDEN);
        assertSameLogits(
                model.write(dir),
                "glm4",
                Map.of("post_self_attn_layernorm", "post_attention_norm", "post_mlp_layernorm", "post_ffw_norm"));
    }

    /** Older files have the matrix to keys and values in one piece. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void deepSeekHasLatentRowsAndCorrectedScores(boolean split) throws IOException {
        assertSameLogits(
                changed("kimi_k2", Map.of()),
                "deepseek2",
                split ? Map.of() : Map.of("self_attn.kv_b_proj", "attn_kv_b"));
    }

    /** A share of the head that transformers takes for granted has to be told if it is another one. */
    @ParameterizedTest
    @CsvSource({"0.5", "1"})
    void glm4MoeTurnsAPartOfTheHeadAndCountsPredictingLayers(double share) throws IOException {
        RandomModel model = model("Glm4MoeForCausalLM")
                .config("partial_rotary_factor", share)
                .config("attention_bias", true)
                .config("num_nextn_predict_layers", 1)
                .config("first_k_dense_replace", 0)
                .config("n_routed_experts", 4)
                .config("n_shared_experts", 2)
                .config("num_experts_per_tok", 2)
                .config("moe_intermediate_size", 16)
                .config("norm_topk_prob", true)
                .config("routed_scaling_factor", 1.5)
                .matrix("model.layers.0.mlp.gate", 4, HIDDEN)
                .vector("model.layers.0.mlp.gate.e_score_correction_bias", 4);
        attention(model);
        for (int expert = 0; expert < 4; expert++) {
            feedForward(model, "model.layers.0.mlp.experts." + expert + ".", 16);
        }
        feedForward(model, "model.layers.0.mlp.shared_experts.", 32);
        assertSameLogits(model.write(dir), "glm4moe", Map.of("post_attention_layernorm", "post_attention_norm"));
    }

    private static void feedForward(RandomModel model, String prefix, int width) {
        model.matrix(prefix + "gate_proj", width, HIDDEN)
                .matrix(prefix + "up_proj", width, HIDDEN)
                .matrix(prefix + "down_proj", HIDDEN, width);
    }

    @Test
    void qwen2MoeHasASharedExpertWhoseGateIsAVector() throws IOException {
        RandomModel model = model("Qwen2MoeForCausalLM")
                .config("moe_intermediate_size", 16)
                .config("shared_expert_intermediate_size", WIDTH)
                .config("num_experts", 6)
                .config("num_experts_per_tok", 2)
                .config("norm_topk_prob", false)
                .matrix("model.layers.0.mlp.gate", 6, HIDDEN)
                .matrix("model.layers.0.mlp.shared_expert_gate", 1, HIDDEN);
        attention(model);
        for (String expert : new String[] {
            "experts.0.", "experts.1.", "experts.2.", "experts.3.", "experts.4.", "experts.5.", "shared_expert."
        }) {
            feedForward(model, "model.layers.0.mlp." + expert, expert.startsWith("shared") ? WIDTH : 16);
        }
        assertSameLogits(model.write(dir), "qwen2moe", Map.of());
    }

    private static RandomModel model(String architecture) {
        RandomModel model = new RandomModel(architecture)
                .config("hidden_size", HIDDEN)
                .config("intermediate_size", WIDTH)
                .config("num_attention_heads", HEADS)
                .config("num_key_value_heads", 2)
                .config("head_dim", HEAD_SIZE)
                .config("num_hidden_layers", 1)
                .config("rms_norm_eps", 1e-5)
                .config("rope_theta", 10000.0)
                .config("tie_word_embeddings", false);
        return model.matrix("model.embed_tokens", RandomModel.VOCAB, HIDDEN)
                .matrix("lm_head", RandomModel.VOCAB, HIDDEN)
                .norm("model.norm.weight", HIDDEN);
    }

    private static void attention(RandomModel model) {
        String prefix = "model.layers.0.";
        model.norm(prefix + "input_layernorm.weight", HIDDEN)
                .norm(prefix + "post_attention_layernorm.weight", HIDDEN)
                .matrixWithBias(prefix + "self_attn.q_proj", HEADS * HEAD_SIZE, HIDDEN)
                .matrixWithBias(prefix + "self_attn.k_proj", 2 * HEAD_SIZE, HIDDEN)
                .matrixWithBias(prefix + "self_attn.v_proj", 2 * HEAD_SIZE, HIDDEN)
                .matrix(prefix + "self_attn.o_proj", HIDDEN, HEADS * HEAD_SIZE);
    }

    /** A fixture's folder with other fields in its configuration. */
    private Path changed(String name, Map<String, Object> fields) throws IOException {
        Path from = ModelRun.MODELS.resolve(name);
        ObjectNode config = (ObjectNode) JsonMapper.shared().readTree(from.resolve("config.json"));
        new LinkedHashMap<>(fields)
                .forEach((field, value) -> config.set(field, JsonMapper.shared().valueToTree(value)));
        Files.writeString(dir.resolve("config.json"), config.toString());
        Files.copy(from.resolve("model.safetensors"), dir.resolve("model.safetensors"));
        return dir;
    }

    private static void assertSameLogits(Path folder, String architecture, Map<String, String> otherNames)
            throws IOException {
        Path file = folder.resolve("model.gguf");
        GgufOf.write(folder, architecture, otherNames, file);
        int[] ids = new int[60];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i * 11 % RandomModel.VOCAB;
        }
        try (ModelRun expected = ModelRun.open(folder, ComputeMode.F32, 2, ElementType.F32);
                ModelRun found = ModelRun.open(file, ComputeMode.F32, 2, ElementType.F32)) {
            assertThat(found.logits(ids, 64)).isDeepEqualTo(expected.logits(ids, 64));
        }
    }
}
