package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Qwen3 with experts (Yang et al., 2025), in all layers or in some. As in transformers' {@code models/qwen3_moe}.
 */
final class Qwen3Moe implements Architecture {
    @Override
    public String name() {
        return "Qwen3MoeForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(
                GgufForm.of("qwen3moe").withExperts().withConfig(config -> config.put("norm_topk_prob", true)));
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(32_768);
        int headSize = config.headSize();
        RopeSpec rope = RopeSpec.read(json, headSize, positions);
        boolean bias = config.flag("attention_bias", false);
        int window = config.flag("use_sliding_window", false) ? config.window() : AttentionSpec.NO_WINDOW;
        GroupedQuery attention =
                config.attention(headSize, rope).withBias(bias, bias).withWindow(window);
        FeedForwardSpec experts = config.experts(
                config.expertCount(128),
                config.width("moe_intermediate_size"),
                0,
                Routing.softmax(config.count("num_experts_per_tok", 8), config.flag("norm_topk_prob", false)));
        return config.decoder(
                rope.maxPositions(positions),
                sparseLayers(config, attention, experts),
                1e-6,
                TensorNames.LLAMA_WITH_EXPERTS.withHeadNorms());
    }

    /**
     * Layers with experts are every {@code decoder_sparse_step}-th one, without those of {@code mlp_only_layers}; the
     * others have a plain feed-forward part.
     */
    static List<LayerSpec> sparseLayers(DecoderConfig config, GroupedQuery attention, FeedForwardSpec experts) {
        JsonObject json = config.json();
        int layers = config.layers();
        List<Integer> plain = json.integers("mlp_only_layers", 0, layers - 1);
        int step = Math.max(1, config.count("decoder_sparse_step", 1));
        List<LayerSpec> specs = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            boolean sparse = !plain.contains(layer) && (layer + 1) % step == 0;
            specs.add(new LayerSpec(attention, sparse ? experts : config.dense()));
        }
        return specs;
    }
}
