package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;
import java.util.Optional;

/**
 * Qwen3 (Yang et al., 2025): Qwen2 whose query and key heads are normalised, without their biases. As in transformers'
 * {@code models/qwen3}.
 */
final class Qwen3 implements Architecture {
    @Override
    public String name() {
        return "Qwen3ForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(GgufForm.of("qwen3"));
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(32_768);
        int headSize = config.headSize(128);
        RopeSpec rope = RopeSpec.read(json, headSize, positions);
        boolean bias = config.flag("attention_bias", false);
        GroupedQuery attention = config.attention(headSize, rope).withBias(bias, bias);
        return config.decoder(
                rope.maxPositions(positions),
                Qwen2.layers(config, attention, config.dense()),
                1e-6,
                TensorNames.LLAMA.withHeadNorms());
    }
}
