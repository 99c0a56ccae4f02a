package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.ArrayList;
import java.util.List;

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
    public DecoderSpec spec(JsonObject config) {
        config.text("hidden_act").filter(act -> !act.equals("silu")).ifPresent(act -> {
            throw new UserError(config.file() + ": hidden_act '" + act + "' is not supported; supported: silu");
        });
        Dimensions dimensions = Dimensions.read(config);
        int positions =
                config.integerIfPresent("max_position_embeddings", 1, 1 << 30).orElse(32_768);
        RopeSpec rope = RopeSpec.read(config, dimensions.headSize(), positions);
        return new DecoderSpec(
                dimensions,
                rope.maxPositions(positions),
                (float) config.number("rms_norm_eps", 0, 1).orElse(1e-6),
                rope,
                windows(config, dimensions.layers()),
                true,
                config.bool("tie_word_embeddings").orElse(false),
                TensorNames.LLAMA);
    }

    /** Transformers 5 lists {@code layer_types}; before, layers from {@code max_window_layers} on slide. */
    private static List<Integer> windows(JsonObject config, int layers) {
        int window =
                config.integerIfPresent("sliding_window", 0, Integer.MAX_VALUE).orElse(DecoderSpec.NO_WINDOW);
        if (!config.bool("use_sliding_window").orElse(false)) {
            window = DecoderSpec.NO_WINDOW;
        }
        int firstSliding = config.integerIfPresent("max_window_layers", 0, Integer.MAX_VALUE)
                .orElse(28);
        List<String> types = config.texts("layer_types").orElse(List.of());
        if (!types.isEmpty() && types.size() != layers) {
            throw new UserError(config.file() + ": layer_types must name " + layers + " layers, found " + types.size());
        }
        List<Integer> windows = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            boolean slides =
                    types.isEmpty() ? layer >= firstSliding : types.get(layer).equals("sliding_attention");
            windows.add(slides ? window : DecoderSpec.NO_WINDOW);
        }
        return windows;
    }
}
