package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.Optional;

/**
 * Qwen1.5 and Qwen2 with experts (Yang et al., 2024): beside the chosen ones a shared expert, which each token weighs
 * for itself. As in transformers' {@code models/qwen2_moe}.
 */
final class Qwen2Moe implements Architecture {
    private static final TensorNames NAMES = TensorNames.LLAMA_WITH_EXPERTS
            .with(TensorRole.SHARED_EXPERT, "mlp.shared_expert.")
            .with(TensorRole.SHARED_EXPERT_GATE, "mlp.shared_expert_gate");

    @Override
    public String name() {
        return "Qwen2MoeForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(GgufForm.of("qwen2moe")
                .withExperts()
                .withConfig(config -> config.put("norm_topk_prob", false))
                .withSingleRow("ffn_gate_inp_shexp", "mlp.shared_expert_gate")
                .with("ffn_gate_shexp", "mlp.shared_expert.gate_proj")
                .with("ffn_up_shexp", "mlp.shared_expert.up_proj")
                .with("ffn_down_shexp", "mlp.shared_expert.down_proj"));
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        if (config.flag("use_sliding_window", false)) {
            throw new UserError(json.file() + ": use_sliding_window is not supported for " + name()
                    + "; no published model of this architecture uses it");
        }
        int positions = config.positions(32_768);
        int headSize = config.headSize();
        RopeSpec rope = RopeSpec.read(json, headSize, positions);
        GroupedQuery attention = config.attention(headSize, rope).withBias(config.flag("qkv_bias", true), false);
        FeedForwardSpec experts = config.experts(
                config.expertCount(60),
                config.width("moe_intermediate_size"),
                config.width("shared_expert_intermediate_size"),
                Routing.softmax(config.count("num_experts_per_tok", 4), config.flag("norm_topk_prob", false)));
        return config.decoder(
                rope.maxPositions(positions), Qwen3Moe.sparseLayers(config, attention, experts), 1e-6, NAMES);
    }
}
