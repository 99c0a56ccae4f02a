package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * The text models of Gemma 3 (Gemma Team, 2025): sliding and full layers with rotary embeddings of their own, four norms
 * to a layer, weights of norms stored as their difference from 1. As in transformers' {@code models/gemma3}.
 */
final class Gemma3 implements Architecture {
    private static final int LAYERS_OF_27B = 62;

    private static final TensorNames NAMES = Gemma2.NAMES.withHeadNorms();

    @Override
    public String name() {
        return "Gemma3ForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(Gemma2.gguf("gemma3", LAYERS_OF_27B));
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        return Gemma2.decoder(config, 262_208, config.positions(131_072), layers(config), DecoderSpec.NO_CAP, NAMES);
    }

    private static List<LayerSpec> layers(DecoderConfig config) {
        int headSize = config.headSize(256);
        GroupedQuery full = Gemma2.attention(config, headSize, rope(config, true, headSize), AttentionSpec.NO_CAP);
        GroupedQuery sliding = full.withRope(rope(config, false, headSize)).withWindow(Gemma2.window(config));
        FeedForwardSpec mlp = Gemma2.mlp(config);
        int pattern = Math.max(1, config.count("sliding_window_pattern", 6));
        return config.slidingLayers(layer -> (layer + 1) % pattern != 0).stream()
                .map(slides -> new LayerSpec(slides ? sliding : full, mlp))
                .toList();
    }

    /** Transformers 5 has the parameters of both under {@code rope_parameters}; before, scaling was for full layers. */
    private static RopeSpec rope(DecoderConfig config, boolean full, int headSize) {
        JsonObject json = config.json();
        String type = full ? "full_attention" : "sliding_attention";
        Optional<JsonObject> both = json.object("rope_parameters");
        Optional<JsonObject> own = both.isPresent()
                        && (both.get().has("full_attention") || both.get().has(type))
                ? both.get().object(type)
                : (full ? RopeSpec.parameters(json) : Optional.empty());
        int positions = config.positions(131_072);
        return full
                ? RopeSpec.of(json, own, "rope_theta", 1e6, headSize, positions)
                : RopeSpec.of(json, own, "rope_local_base_freq", 1e4, headSize, positions);
    }
}
