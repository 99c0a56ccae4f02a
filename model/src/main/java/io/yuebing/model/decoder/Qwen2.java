package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * Qwen2 and Qwen2.5 (Yang et al., 2024): Llama with biases on query, key and value and an optional sliding window on the
 * upper layers. As in transformers' {@code models/qwen2}.
 */
final class Qwen2 implements Architecture {
    @Override
    public String name() {
        return "Qwen2ForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(GgufForm.of("qwen2"));
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(32_768);
        int headSize = config.headSize();
        RopeSpec rope = RopeSpec.read(json, headSize, positions);
        return config.decoder(
                rope.maxPositions(positions),
                layers(config, config.attention(headSize, rope).withBias(true, false), config.dense()),
                1e-6,
                TensorNames.LLAMA);
    }

    /** Layers of which those from {@code max_window_layers} on slide, if {@code use_sliding_window} says so. */
    static List<LayerSpec> layers(DecoderConfig config, GroupedQuery attention, FeedForwardSpec mlp) {
        int window = config.flag("use_sliding_window", false) ? config.window() : AttentionSpec.NO_WINDOW;
        int firstSliding = config.json()
                .integerIfPresent("max_window_layers", 0, Integer.MAX_VALUE)
                .orElse(28);
        return config.windowedLayers(attention, window, layer -> layer >= firstSliding, mlp);
    }
}
