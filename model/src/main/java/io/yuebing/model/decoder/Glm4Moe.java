package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * GLM-4.5 and 4.6 (GLM-4.5 Team, 2025): a part of each head is turned; after some plain layers come layers with experts,
 * chosen by corrected sigmoid scores, beside a shared one. As in transformers' {@code models/glm4_moe}.
 */
final class Glm4Moe implements Architecture {
    private static final TensorNames NAMES = TensorNames.LLAMA_WITH_EXPERTS
            .with(TensorRole.ROUTER_CORRECTION, "mlp.gate.e_score_correction_bias")
            .with(TensorRole.SHARED_EXPERT, "mlp.shared_experts.");

    @Override
    public String name() {
        return "Glm4MoeForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(GgufForm.of("glm4moe")
                .withCorrectedAndSharedExperts()
                .with("post_attention_norm", "post_attention_layernorm"));
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(131_072);
        int headSize = config.headSize();
        RopeSpec rope = RopeSpec.read(json, RopeSpec.channels(json, headSize, 0.5), positions);
        GroupedQuery attention = config.attention(headSize, rope).withBias(config.flag("attention_bias", false), false);
        int expertWidth = config.width("moe_intermediate_size");
        Routing routing = Routing.sigmoid(
                config.count("num_experts_per_tok", 8),
                config.count("n_group", 1),
                config.count("topk_group", 1),
                config.flag("norm_topk_prob", true),
                (float) json.number("routed_scaling_factor", 0, 1e6).orElse(1));
        FeedForwardSpec experts = config.experts(
                config.count("n_routed_experts", 128),
                expertWidth,
                expertWidth * config.count("n_shared_experts", 1),
                routing);
        int plainLayers = config.count("first_k_dense_replace", 1);
        List<LayerSpec> layers = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            layers.add(new LayerSpec(attention, layer < plainLayers ? config.dense() : experts));
        }
        return config.decoder(
                rope.maxPositions(positions),
                layers,
                1e-5,
                config.flag("use_qk_norm", false) ? NAMES.withHeadNorms() : NAMES);
    }
}
