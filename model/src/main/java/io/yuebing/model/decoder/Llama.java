package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;
import java.util.Optional;

/**
 * Llama 2, 3 and the many models of their shape (Touvron et al., 2023; Grattafiori et al., 2024). As in transformers'
 * {@code models/llama}.
 */
final class Llama implements Architecture {
    @Override
    public String name() {
        return "LlamaForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(GgufForm.of("llama").withPairedRows());
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(2048);
        int headSize = config.headSize();
        RopeSpec rope = RopeSpec.read(json, headSize, positions);
        boolean attentionBias = config.flag("attention_bias", false);
        FeedForwardSpec mlp = new FeedForwardSpec.Dense(
                config.width("intermediate_size"), config.activation(), config.flag("mlp_bias", false));
        return config.decoder(
                rope.maxPositions(positions),
                config.sameLayers(config.attention(headSize, rope).withBias(attentionBias, attentionBias), mlp),
                1e-6,
                TensorNames.LLAMA);
    }
}
