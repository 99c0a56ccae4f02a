package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;
import java.util.Optional;

/**
 * GLM-4 (GLM Team, 2024): neighbouring channels of the first half of each head are turned; gate and up are one matrix.
 * The models of April 2025 normalise the outputs of attention and feed-forward part, too. As in transformers'
 * {@code models/glm} and {@code models/glm4}.
 *
 * @param name as in config.json
 * @param outputNorms whether outputs are normalised
 */
record Glm4(String name, boolean outputNorms) implements Architecture {
    private static final TensorNames NAMES = TensorNames.LLAMA.with(TensorRole.GATE_UP, "mlp.gate_up_proj");
    private static final TensorNames NAMES_WITH_OUTPUT_NORMS = NAMES.with(
                    TensorRole.ATTENTION_OUTPUT_NORM, "post_self_attn_layernorm.weight")
            .with(TensorRole.MLP_OUTPUT_NORM, "post_mlp_layernorm.weight");

    /** The older models have an architecture of their own there. */
    @Override
    public Optional<GgufForm> gguf() {
        return outputNorms
                ? Optional.of(GgufForm.of("glm4")
                        .with("ffn_up", "mlp.gate_up_proj")
                        .with("post_attention_norm", "post_self_attn_layernorm")
                        .with("post_ffw_norm", "post_mlp_layernorm"))
                : Optional.empty();
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(131_072);
        int headSize = config.headSize(128);
        RopeSpec rope = RopeSpec.read(json, RopeSpec.channels(json, headSize, 0.5), positions)
                .ofNeighbours();
        GroupedQuery attention = config.attention(headSize, rope).withBias(config.flag("attention_bias", true), false);
        return config.decoder(
                rope.maxPositions(positions),
                config.sameLayers(attention, config.dense()),
                1.5625e-7,
                outputNorms ? NAMES_WITH_OUTPUT_NORMS : NAMES);
    }
}
