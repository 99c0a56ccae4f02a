package io.yuebing.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvHolding;
import io.yuebing.kv.KvLayout;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Families with latent attention agree with keys and values written out, in shapes that no fixture has. */
class LatentFamilyTest {
    private static final int HIDDEN = 32;
    private static final int HEADS = 6;
    private static final int RANK = 20;
    private static final int PLAIN = 10;
    private static final int TURNED = 8;
    private static final int VALUE = 14;
    private static final int WIDTH = 40;
    private static final int EXPERT_WIDTH = 20;
    private static final int EXPERTS = 8;

    @TempDir
    Path dir;

    private static RandomModel model(String architecture, int layers, int queryRank, boolean bias) {
        RandomModel model = new RandomModel(architecture)
                .config("hidden_size", HIDDEN)
                .config("num_attention_heads", HEADS)
                .config("num_key_value_heads", HEADS)
                .config("head_dim", TURNED)
                .config("num_hidden_layers", layers)
                .config("intermediate_size", WIDTH)
                .config("rms_norm_eps", 1e-6)
                .config("kv_lora_rank", RANK)
                .config("qk_nope_head_dim", PLAIN)
                .config("qk_rope_head_dim", TURNED)
                .config("v_head_dim", VALUE)
                .config("attention_bias", bias)
                .config("moe_intermediate_size", EXPERT_WIDTH)
                .config("n_routed_experts", EXPERTS)
                .config("n_shared_experts", 2)
                .matrix("model.embed_tokens", RandomModel.VOCAB, HIDDEN)
                .norm("model.norm.weight", HIDDEN)
                .matrix("lm_head", RandomModel.VOCAB, HIDDEN);
        for (int layer = 0; layer < layers; layer++) {
            addAttention(model, "model.layers." + layer + ".", queryRank, bias);
        }
        return queryRank == 0 ? model : model.config("q_lora_rank", queryRank);
    }

    private static void addAttention(RandomModel model, String prefix, int queryRank, boolean bias) {
        model.norm(prefix + "input_layernorm.weight", HIDDEN).norm(prefix + "post_attention_layernorm.weight", HIDDEN);
        String attention = prefix + "self_attn.";
        int queries = HEADS * (PLAIN + TURNED);
        if (queryRank == 0) {
            model.matrix(attention + "q_proj", queries, HIDDEN);
        } else {
            add(model, attention + "q_a_proj", queryRank, HIDDEN, bias);
            model.norm(attention + "q_a_layernorm.weight", queryRank)
                    .matrix(attention + "q_b_proj", queries, queryRank);
        }
        add(model, attention + "kv_a_proj_with_mqa", RANK + TURNED, HIDDEN, bias);
        model.norm(attention + "kv_a_layernorm.weight", RANK)
                .matrix(attention + "kv_b_proj", HEADS * (PLAIN + VALUE), RANK);
        add(model, attention + "o_proj", HIDDEN, HEADS * VALUE, bias);
    }

    private static void add(RandomModel model, String name, int rows, int columns, boolean bias) {
        if (bias) {
            model.matrixWithBias(name, rows, columns);
        } else {
            model.matrix(name, rows, columns);
        }
    }

    private static void addMlp(RandomModel model, String prefix, int width) {
        model.matrix(prefix + "gate_proj", width, HIDDEN)
                .matrix(prefix + "up_proj", width, HIDDEN)
                .matrix(prefix + "down_proj", HIDDEN, width);
    }

    private static void addExperts(RandomModel model, int layer, boolean corrected) {
        String prefix = "model.layers." + layer + ".mlp.";
        model.matrix(prefix + "gate", EXPERTS, HIDDEN);
        for (int expert = 0; expert < EXPERTS; expert++) {
            addMlp(model, prefix + "experts." + expert + ".", EXPERT_WIDTH);
        }
        addMlp(model, prefix + "shared_experts.", 2 * EXPERT_WIDTH);
        if (corrected) {
            model.vector(prefix + "gate.e_score_correction_bias", EXPERTS);
        }
    }

    private static PlainDecoder plain(RandomModel model, double temperature) {
        PlainDecoder plain = new PlainDecoder(model)
                .rope(10_000, TURNED)
                .latent(model, temperature * temperature / Math.sqrt(PLAIN + TURNED));
        plain.neighbours = true;
        return plain;
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
    void deepSeekV2WithoutLatentQueriesWeighsByTheSoftmaxOfAllExperts() {
        RandomModel model = model("DeepseekV2ForCausalLM", 3, 0, false)
                .config("topk_method", "greedy")
                .config("num_experts_per_tok", 3)
                .config("routed_scaling_factor", 1.5)
                .config("first_k_dense_replace", 1);
        addMlp(model, "model.layers.0.mlp.", WIDTH);
        addExperts(model, 1, false);
        addExperts(model, 2, false);
        PlainDecoder plain = plain(model, 1);
        plain.chosen = 3;
        plain.routedScale = 1.5;
        assertAgrees(model, plain);
    }

    @Test
    void deepSeekV2WithLatentQueriesTakesExpertsFromTheGroupsWithTheBestOne() {
        RandomModel model = model("DeepseekV2ForCausalLM", 2, 24, true)
                .config("topk_method", "group_limited_greedy")
                .config("n_group", 4)
                .config("topk_group", 2)
                .config("num_experts_per_tok", 3)
                .config("first_k_dense_replace", 0)
                .config("moe_layer_freq", 2);
        addExperts(model, 0, false);
        addMlp(model, "model.layers.1.mlp.", WIDTH);
        PlainDecoder plain = plain(model, 1);
        plain.chosen = 3;
        plain.groups = 4;
        plain.chosenGroups = 2;
        plain.groupBest = 1;
        assertAgrees(model, plain);
    }

    @Test
    void deepSeekV3StretchesAnglesAndScoresAndLeavesOutLayersBeyondTheLast() {
        double temperature = 0.1 * 0.7 * Math.log(4) + 1;
        RandomModel model = model("DeepseekV3ForCausalLM", 2, 24, false)
                .config("n_group", 4)
                .config("topk_group", 2)
                .config("num_experts_per_tok", 3)
                .config("routed_scaling_factor", 2.5)
                .config("first_k_dense_replace", 1)
                .config("num_nextn_predict_layers", 1)
                .config(
                        "rope_scaling",
                        Map.of(
                                "type",
                                "yarn",
                                "factor",
                                4.0,
                                "original_max_position_embeddings",
                                32,
                                "beta_fast",
                                32,
                                "beta_slow",
                                1,
                                "mscale",
                                1.0,
                                "mscale_all_dim",
                                0.7))
                .norm("model.layers.2.enorm.weight", HIDDEN);
        addMlp(model, "model.layers.0.mlp.", WIDTH);
        addExperts(model, 1, true);
        PlainDecoder plain = plain(model, temperature);
        double[] original = plain.frequencies;
        // 32 turns need a pair before the first and 1 turn pair 0.7, so pair 0 stays and the others are stretched.
        plain.frequencies = new double[] {original[0], original[1] / 4, original[2] / 4, original[3] / 4};
        plain.angleFactor = (0.1 * Math.log(4) + 1) / temperature;
        plain.sigmoid = true;
        plain.chosen = 3;
        plain.groups = 4;
        plain.chosenGroups = 2;
        plain.renormalise = true;
        plain.routedScale = 2.5;
        assertAgrees(model, plain);
    }

    @Test
    void glm47FlashRoutesLikeGlm45() {
        RandomModel model = model("Glm4MoeLiteForCausalLM", 2, 24, false)
                .config("num_experts_per_tok", 2)
                .config("rope_parameters", Map.of("rope_theta", 1e6, "rope_type", "default"));
        addMlp(model, "model.layers.0.mlp.", WIDTH);
        addExperts(model, 1, true);
        PlainDecoder plain = plain(model, 1).rope(1e6, TURNED);
        plain.sigmoid = true;
        plain.chosen = 2;
        plain.renormalise = true;
        plain.routedScale = 1.8;
        assertAgrees(model, plain);
    }

    @Test
    void theCacheKeepsOneRowOfATokenForAllHeads() {
        RandomModel model = model("DeepseekV3ForCausalLM", 1, 0, false).config("first_k_dense_replace", 1);
        addMlp(model, "model.layers.0.mlp.", WIDTH);
        try (ModelRun run = ModelRun.open(model.write(dir), ComputeMode.F32, 1, ElementType.BF16)) {
            KvLayout layout = run.model.kvLayout(10, 16, ElementType.BF16);
            assertThat(layout.holding()).isEqualTo(KvHolding.LATENT);
            assertThat(layout.blockBytes()).isEqualTo(16 * (RANK + TURNED) * 2);
            KvLayout integers = run.model.kvLayout(10, 16, ElementType.INT8);
            assertThat(integers.blockBytes()).isEqualTo(16 * (RANK + TURNED + 4));
        }
    }
}
