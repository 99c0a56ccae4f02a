package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gemma 2 (Gemma Team, 2024): sliding and full layers in turn, four norms to a layer, weights of norms stored as their
 * difference from 1, soft limits on attention scores and logits. As in transformers' {@code models/gemma2}.
 */
final class Gemma2 implements Architecture {
    private static final int LAYERS_OF_27B = 46;

    /** Four norms to a layer. */
    static final TensorNames NAMES = TensorNames.LLAMA
            .with(TensorRole.ATTENTION_OUTPUT_NORM, "post_attention_layernorm.weight")
            .with(TensorRole.MLP_NORM, "pre_feedforward_layernorm.weight")
            .with(TensorRole.MLP_OUTPUT_NORM, "post_feedforward_layernorm.weight");

    @Override
    public String name() {
        return "Gemma2ForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(gguf("gemma2", LAYERS_OF_27B));
    }

    /**
     * The GGUF files of Gemma. They have no place for the scale of attention; as in llama.cpp, the model of 27B alone divides
     * by more than its head size.
     */
    static GgufForm gguf(String architecture, int layersOf27B) {
        return GgufForm.of(architecture)
                .withSumsOfNorms()
                .withConfig(config -> completeGguf(config, layersOf27B))
                .with("post_attention_norm", "post_attention_layernorm")
                .with("ffn_norm", "pre_feedforward_layernorm")
                .with("post_ffw_norm", "post_feedforward_layernorm");
    }

    private static void completeGguf(Map<String, Object> config, int layersOf27B) {
        if (config.get("num_hidden_layers") instanceof Number layers
                && config.get("hidden_size") instanceof Number hidden
                && config.get("num_attention_heads") instanceof Number heads) {
            Object headSize = config.getOrDefault("head_dim", hidden.intValue() / heads.intValue());
            boolean largest = layers.intValue() == layersOf27B;
            config.put("query_pre_attn_scalar", largest ? hidden.intValue() / heads.intValue() : headSize);
        }
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(8192);
        int headSize = config.headSize(256);
        RopeSpec rope = RopeSpec.read(json, headSize, positions);
        GroupedQuery attention = attention(config, headSize, rope, 50);
        List<LayerSpec> layers = config.windowedLayers(attention, window(config), layer -> layer % 2 == 0, mlp(config));
        return decoder(config, 256_000, rope.maxPositions(positions), layers, 30, NAMES);
    }

    /** Attention to all positions, whose scale has a field of its own. */
    static GroupedQuery attention(DecoderConfig config, int headSize, RopeSpec rope, float cap) {
        if (config.flag("use_bidirectional_attention", false)) {
            throw new UserError(
                    config.json().file() + ": use_bidirectional_attention is not supported; expected a model"
                            + " that generates text from left to right");
        }
        double scalar =
                config.json().number("query_pre_attn_scalar", 1e-3, 1 << 20).orElse(256);
        boolean bias = config.flag("attention_bias", false);
        return config.attention(
                        config.count("num_attention_heads", 8), config.count("num_key_value_heads", 4), headSize, rope)
                .withScale((float) (1 / Math.sqrt(scalar)))
                .withCap(cap(config, "attn_logit_softcapping", cap))
                .withBias(bias, bias);
    }

    static int window(DecoderConfig config) {
        return config.json().fields().contains("sliding_window") ? config.window() : 4096;
    }

    static FeedForwardSpec mlp(DecoderConfig config) {
        Activation activation = Activation.read(config.json(), "hidden_activation", Activation.GELU_TANH);
        return new FeedForwardSpec.Dense(config.width("intermediate_size"), activation, false);
    }

    static DecoderSpec decoder(
            DecoderConfig config, int vocabSize, int positions, List<LayerSpec> layers, float cap, TensorNames names) {
        int hidden = config.hiddenSize();
        return new DecoderSpec(
                config.vocabSize(vocabSize),
                hidden,
                positions,
                (float) Math.sqrt(hidden),
                (float) config.json().number("rms_norm_eps", 0, 1).orElse(1e-6),
                1,
                layers,
                cap(config, "final_logit_softcapping", cap),
                config.flag("tie_word_embeddings", true),
                names);
    }

    /** A soft limit; null says that there is none. */
    private static float cap(DecoderConfig config, String field, float byDefault) {
        return (float) config.json()
                .number(field, 1e-6, 1e6)
                .orElse(config.json().fields().contains(field) ? AttentionSpec.NO_CAP : byDefault);
    }
}
