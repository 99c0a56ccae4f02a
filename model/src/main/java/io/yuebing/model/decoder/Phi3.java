package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * Phi-3, 3.5 and 4 (Abdin et al., 2024): Llama with fused matrices; Phi-4-mini turns a part of each head only. As in
 * transformers' {@code models/phi3}.
 */
final class Phi3 implements Architecture {
    private static final TensorNames NAMES = TensorNames.LLAMA
            .with(TensorRole.QUERY_KEY_VALUE, "self_attn.qkv_proj")
            .with(TensorRole.GATE_UP, "mlp.gate_up_proj");

    @Override
    public String name() {
        return "Phi3ForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(GgufForm.of("phi3").with("ffn_up", "mlp.gate_up_proj"));
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(4096);
        int headSize = config.headSize();
        RopeSpec rope = RopeSpec.read(json, RopeSpec.channels(json, headSize, 1), positions);
        List<LayerSpec> layers =
                config.windowedLayers(config.attention(headSize, rope), config.window(), layer -> true, config.dense());
        return config.decoder(rope.maxPositions(positions), layers, 1e-5, NAMES);
    }
}
