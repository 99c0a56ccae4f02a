package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * Mixtral (Jiang et al., 2024): Mistral with experts, of which a token uses two. As in transformers'
 * {@code models/mixtral}.
 */
final class Mixtral implements Architecture {
    private static final TensorNames NAMES = TensorNames.LLAMA
            .with(TensorRole.ROUTER, "block_sparse_moe.gate")
            .with(TensorRole.EXPERTS, "block_sparse_moe.experts.")
            .with(TensorRole.EXPERT_GATE, "w1")
            .with(TensorRole.EXPERT_UP, "w3")
            .with(TensorRole.EXPERT_DOWN, "w2");

    @Override
    public String name() {
        return "MixtralForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(GgufForm.of("llama")
                .withExperts()
                .withPairedRows()
                .with("ffn_gate_inp", "block_sparse_moe.gate")
                .with("ffn_gate_exps", "block_sparse_moe.experts.*.w1")
                .with("ffn_up_exps", "block_sparse_moe.experts.*.w3")
                .with("ffn_down_exps", "block_sparse_moe.experts.*.w2"));
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(131_072);
        int headSize = config.headSize();
        RopeSpec rope = RopeSpec.of(json, RopeSpec.parameters(json), "rope_theta", 1e6, headSize, positions);
        int experts = config.expertCount(8);
        FeedForwardSpec mlp = config.experts(
                experts,
                config.width("intermediate_size"),
                0,
                Routing.softmax(config.count("num_experts_per_tok", 2), true));
        List<LayerSpec> layers =
                config.windowedLayers(config.attention(headSize, rope), config.window(), layer -> true, mlp);
        return config.decoder(rope.maxPositions(positions), layers, 1e-5, NAMES);
    }
}
