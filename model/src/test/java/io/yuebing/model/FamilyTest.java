package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.model.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models of shapes that no fixture has agree with a decoder written down plainly. */
class FamilyTest {
    private static final int HIDDEN = 32;
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int HEAD_SIZE = 12;
    private static final int WIDTH = 40;
    private static final int EXPERT_WIDTH = 20;

    @TempDir
    Path dir;

    private static RandomModel model(String architecture, int layers) {
        return new RandomModel(architecture)
                .config("hidden_size", HIDDEN)
                .config("num_attention_heads", HEADS)
                .config("num_key_value_heads", KV_HEADS)
                .config("head_dim", HEAD_SIZE)
                .config("num_hidden_layers", layers)
                .config("intermediate_size", WIDTH)
                .config("rms_norm_eps", 1e-6)
                .matrix("model.embed_tokens", RandomModel.VOCAB, HIDDEN)
                .norm("model.norm.weight", HIDDEN);
    }

    private static String addAttention(RandomModel model, int layer, boolean bias, boolean outputBias) {
        String prefix = "model.layers." + layer + ".";
        model.norm(prefix + "input_layernorm.weight", HIDDEN);
        model.norm(prefix + "post_attention_layernorm.weight", HIDDEN);
        int kv = KV_HEADS * HEAD_SIZE;
        add(model, prefix + "self_attn.q_proj", HEADS * HEAD_SIZE, HIDDEN, bias);
        add(model, prefix + "self_attn.k_proj", kv, HIDDEN, bias);
        add(model, prefix + "self_attn.v_proj", kv, HIDDEN, bias);
        add(model, prefix + "self_attn.o_proj", HIDDEN, HEADS * HEAD_SIZE, outputBias);
        return prefix;
    }

    private static void add(RandomModel model, String name, int rows, int columns, boolean bias) {
        if (bias) {
            model.matrixWithBias(name, rows, columns);
        } else {
            model.matrix(name, rows, columns);
        }
    }

    private static void addMlp(RandomModel model, String prefix, int width, boolean bias) {
        add(model, prefix + "gate_proj", width, HIDDEN, bias);
        add(model, prefix + "up_proj", width, HIDDEN, bias);
        add(model, prefix + "down_proj", HIDDEN, width, bias);
    }

    private static void addExperts(RandomModel model, String prefix, int experts) {
        model.matrix(prefix + "mlp.gate", experts, HIDDEN);
        for (int expert = 0; expert < experts; expert++) {
            addMlp(model, prefix + "mlp.experts." + expert + ".", EXPERT_WIDTH, false);
        }
    }

    private static void addHeadNorms(RandomModel model, String prefix) {
        model.norm(prefix + "self_attn.q_norm.weight", HEAD_SIZE).norm(prefix + "self_attn.k_norm.weight", HEAD_SIZE);
    }

    private void assertAgrees(RandomModel model, PlainDecoder plain) {
        int[] ids = new Random(4).ints(40, 0, RandomModel.VOCAB).toArray();
        double[][] expected = plain.logits(ids);
        try (ModelRun run = ModelRun.open(model.write(dir), ComputeMode.F32, 2, ElementType.F32)) {
            float[][] actual = run.logits(ids, 16);
            for (int position = 0; position < ids.length; position++) {
                int at = position;
                double difference = IntStream.range(0, RandomModel.VOCAB)
                        .mapToDouble(id -> Math.abs(actual[at][id] - expected[at][id]))
                        .max()
                        .orElseThrow();
                assertThat(difference)
                        .as("largest difference at position %d", position)
                        .isLessThan(1e-3);
            }
        }
    }

    @Test
    void llamaWithBiasesEverywhereAndAHeadSizeOfItsOwn() {
        RandomModel model = model("LlamaForCausalLM", 2)
                .config("attention_bias", true)
                .config("mlp_bias", true)
                .config("tie_word_embeddings", true)
                .config("rope_parameters", Map.of("rope_theta", 5000.0, "rope_type", "linear", "factor", 4.0));
        for (int layer = 0; layer < 2; layer++) {
            addMlp(model, addAttention(model, layer, true, true) + "mlp.", WIDTH, true);
        }
        PlainDecoder plain = new PlainDecoder(model).rope(5000, HEAD_SIZE);
        plain.frequencies = Arrays.stream(plain.frequencies).map(f -> f / 4).toArray();
        assertAgrees(model, plain);
    }

    @Test
    void phi3WithLongRopeOverAPartOfTheHead() {
        List<Double> factors = List.of(1.0, 1.5, 2.0, 4.0);
        RandomModel model = model("Phi3ForCausalLM", 2)
                .config("partial_rotary_factor", 0.7)
                .config("original_max_position_embeddings", 32)
                .config(
                        "rope_scaling",
                        Map.of("type", "longrope", "short_factor", List.of(1, 1, 1, 1), "long_factor", factors))
                .matrix("lm_head", RandomModel.VOCAB, HIDDEN);
        for (int layer = 0; layer < 2; layer++) {
            String prefix = "model.layers." + layer + ".";
            model.norm(prefix + "input_layernorm.weight", HIDDEN)
                    .norm(prefix + "post_attention_layernorm.weight", HIDDEN)
                    .matrix(prefix + "self_attn.qkv_proj", (HEADS + 2 * KV_HEADS) * HEAD_SIZE, HIDDEN)
                    .matrix(prefix + "self_attn.o_proj", HIDDEN, HEADS * HEAD_SIZE)
                    .matrix(prefix + "mlp.gate_up_proj", 2 * WIDTH, HIDDEN)
                    .matrix(prefix + "mlp.down_proj", HIDDEN, WIDTH);
        }
        PlainDecoder plain = new PlainDecoder(model).rope(10_000, 8);
        double[] frequencies = plain.frequencies;
        Arrays.setAll(frequencies, i -> frequencies[i] / factors.get(i));
        plain.angleFactor = Math.sqrt(1 + Math.log(4) / Math.log(32));
        assertAgrees(model, plain);
    }

    @Test
    void glm4TurnsNeighboursOfHalfTheHeadAndNormalisesOutputs() {
        for (String architecture : List.of("GlmForCausalLM", "Glm4ForCausalLM")) {
            RandomModel model = model(architecture, 2).matrix("lm_head", RandomModel.VOCAB, HIDDEN);
            for (int layer = 0; layer < 2; layer++) {
                String prefix = addAttention(model, layer, true, false);
                model.matrix(prefix + "mlp.gate_up_proj", 2 * WIDTH, HIDDEN)
                        .matrix(prefix + "mlp.down_proj", HIDDEN, WIDTH);
                if (architecture.startsWith("Glm4")) {
                    model.norm(prefix + "post_self_attn_layernorm.weight", HIDDEN)
                            .norm(prefix + "post_mlp_layernorm.weight", HIDDEN);
                }
            }
            PlainDecoder plain = new PlainDecoder(model).rope(10_000, HEAD_SIZE / 2);
            plain.neighbours = true;
            assertAgrees(model, plain);
        }
    }

    @Test
    void glm45RoutesInGroupsByCorrectedScoresAndLeavesOutLayersBeyondTheLast() {
        RandomModel model = model("Glm4MoeForCausalLM", 3)
                .config("moe_intermediate_size", EXPERT_WIDTH)
                .config("n_routed_experts", 8)
                .config("n_shared_experts", 2)
                .config("num_experts_per_tok", 3)
                .config("n_group", 4)
                .config("topk_group", 2)
                .config("routed_scaling_factor", 2.5)
                .config("first_k_dense_replace", 1)
                .config("use_qk_norm", true)
                .config("partial_rotary_factor", 0.5)
                .config("num_nextn_predict_layers", 1)
                .matrix("lm_head", RandomModel.VOCAB, HIDDEN)
                .norm("model.layers.3.enorm.weight", HIDDEN);
        for (int layer = 0; layer < 3; layer++) {
            String prefix = addAttention(model, layer, false, false);
            addHeadNorms(model, prefix);
            if (layer == 0) {
                addMlp(model, prefix + "mlp.", WIDTH, false);
            } else {
                addExperts(model, prefix, 8);
                addMlp(model, prefix + "mlp.shared_experts.", 2 * EXPERT_WIDTH, false);
                model.vector(prefix + "mlp.gate.e_score_correction_bias", 8);
            }
        }
        PlainDecoder plain = new PlainDecoder(model).rope(10_000, HEAD_SIZE / 2);
        plain.sigmoid = true;
        plain.chosen = 3;
        plain.groups = 4;
        plain.chosenGroups = 2;
        plain.renormalise = true;
        plain.routedScale = 2.5;
        assertAgrees(model, plain);

        ModelSummary summary = Models.inspect(dir);
        long all = model.weights.values().stream()
                        .mapToLong(values -> values.length)
                        .sum()
                - HIDDEN;
        assertThat(summary.parameters()).as("without the layer beyond the last").isEqualTo(all);
        assertThat(summary.activeParameters()).isEqualTo(all - 2L * 5 * 3 * EXPERT_WIDTH * HIDDEN);
        assertThat(summary.experts()).isEqualTo("3 of 8 for each token in 2 layers, and a shared one");
    }

    /** The text model of Gemma 3 is published alone and as a part of the models that see. */
    @Test
    void theTextPartOfALargerModelGivesTheSameBits() throws IOException {
        Path alone = ModelRun.MODELS.resolve("gemma3");
        String config = Files.readString(alone.resolve("config.json"));
        Files.writeString(
                dir.resolve("config.json"),
                "{\"architectures\": [\"Gemma3ForConditionalGeneration\"], \"text_config\": " + config + "}");
        byte[] file = Files.readAllBytes(alone.resolve("model.safetensors"));
        int header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt();
        String names =
                new String(file, 8, header, StandardCharsets.UTF_8).replace("\"model.", "\"language_model.model.");
        SafetensorsFile.write(
                dir.resolve("model.safetensors"), names.strip(), Arrays.copyOfRange(file, 8 + header, file.length));
        int[] ids = new Random(6).ints(50, 0, 2000).toArray();
        try (ModelRun whole = ModelRun.open(alone, ComputeMode.F32, 2, ElementType.F32);
                ModelRun part = ModelRun.open(dir, ComputeMode.F32, 2, ElementType.F32)) {
            assertThat(part.logits(ids, 50)).isDeepEqualTo(whole.logits(ids, 50));
        }
        assertThat(Models.inspect(dir).parameters())
                .isEqualTo(Models.inspect(alone).parameters());
    }

    @Test
    void qwen2WithExpertsWeighsItsSharedExpertByToken() {
        RandomModel model = model("Qwen2MoeForCausalLM", 2)
                .config("moe_intermediate_size", EXPERT_WIDTH)
                .config("shared_expert_intermediate_size", WIDTH)
                .config("num_experts", 6)
                .config("num_experts_per_tok", 2)
                .config("norm_topk_prob", false)
                .config("decoder_sparse_step", 2)
                .matrix("lm_head", RandomModel.VOCAB, HIDDEN);
        for (int layer = 0; layer < 2; layer++) {
            String prefix = addAttention(model, layer, true, false);
            if (layer == 0) {
                addMlp(model, prefix + "mlp.", WIDTH, false);
            } else {
                addExperts(model, prefix, 6);
                addMlp(model, prefix + "mlp.shared_expert.", WIDTH, false);
                model.matrix(prefix + "mlp.shared_expert_gate", 1, HIDDEN);
            }
        }
        PlainDecoder plain = new PlainDecoder(model).rope(10_000, HEAD_SIZE);
        plain.chosen = 2;
        assertAgrees(model, plain);
    }

    @Test
    void qwen3WithExpertsInSomeLayersBiasesAndWindow() {
        RandomModel model = model("Qwen3MoeForCausalLM", 2)
                .config("moe_intermediate_size", EXPERT_WIDTH)
                .config("num_local_experts", 6)
                .config("num_experts_per_tok", 4)
                .config("mlp_only_layers", List.of(0))
                .config("attention_bias", true)
                .config("use_sliding_window", true)
                .config("sliding_window", 7)
                .config("rope_parameters", Map.of("rope_theta", 1e6, "rope_type", "default"))
                .matrix("lm_head", RandomModel.VOCAB, HIDDEN);
        for (int layer = 0; layer < 2; layer++) {
            String prefix = addAttention(model, layer, true, true);
            addHeadNorms(model, prefix);
            if (layer == 0) {
                addMlp(model, prefix + "mlp.", WIDTH, false);
            } else {
                addExperts(model, prefix, 6);
            }
        }
        PlainDecoder plain = new PlainDecoder(model).rope(1e6, HEAD_SIZE);
        plain.chosen = 4;
        plain.window = 7;
        assertAgrees(model, plain);
    }
}
