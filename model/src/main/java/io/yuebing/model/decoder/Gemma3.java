package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The text models of Gemma 3 (Gemma Team, 2025): sliding and full layers with rotary embeddings of their own, four norms
 * to a layer, weights of norms stored as their difference from 1. As in transformers' {@code models/gemma3}.
 */
final class Gemma3 implements Architecture {
    private static final int LAYERS_OF_27B = 62;

    private static final TensorNames NAMES = TensorNames.LLAMA
            .withHeadNorms()
            .with(TensorRole.ATTENTION_OUTPUT_NORM, "post_attention_layernorm.weight")
            .with(TensorRole.MLP_NORM, "pre_feedforward_layernorm.weight")
            .with(TensorRole.MLP_OUTPUT_NORM, "post_feedforward_layernorm.weight");

    @Override
    public String name() {
        return "Gemma3ForCausalLM";
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(GgufForm.of("gemma3")
                .withSumsOfNorms()
                .withConfig(Gemma3::completeGguf)
                .with("post_attention_norm", "post_attention_layernorm")
                .with("ffn_norm", "pre_feedforward_layernorm")
                .with("post_ffw_norm", "post_feedforward_layernorm"));
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        refuseUnsupported(json);
        int hidden = config.hiddenSize();
        return new DecoderSpec(
                config.vocabSize(262_208),
                hidden,
                config.positions(131_072),
                (float) Math.sqrt(hidden),
                (float) json.number("rms_norm_eps", 0, 1).orElse(1e-6),
                1,
                layers(config),
                (float) json.number("final_logit_softcapping", 1e-6, 1e6).orElse(DecoderSpec.NO_CAP),
                config.flag("tie_word_embeddings", true),
                NAMES);
    }

    /**
     * GGUF has no place for the scale of attention; as in llama.cpp, the model of 27B alone divides by more than its head
     * size.
     */
    private static void completeGguf(Map<String, Object> config) {
        if (config.get("num_hidden_layers") instanceof Number layers
                && config.get("hidden_size") instanceof Number hidden
                && config.get("num_attention_heads") instanceof Number heads) {
            Object headSize = config.getOrDefault("head_dim", hidden.intValue() / heads.intValue());
            boolean largest = layers.intValue() == LAYERS_OF_27B;
            config.put("query_pre_attn_scalar", largest ? hidden.intValue() / heads.intValue() : headSize);
        }
    }

    private static List<LayerSpec> layers(DecoderConfig config) {
        JsonObject json = config.json();
        int headSize = config.headSize(256);
        boolean bias = config.flag("attention_bias", false);
        double scalar = json.number("query_pre_attn_scalar", 1e-3, 1 << 20).orElse(256);
        GroupedQuery full = config.attention(
                        config.count("num_attention_heads", 8),
                        config.count("num_key_value_heads", 4),
                        headSize,
                        rope(config, true, headSize))
                .withScale((float) (1 / Math.sqrt(scalar)))
                .withBias(bias, bias);
        int window = json.fields().contains("sliding_window") ? config.window() : 4096;
        GroupedQuery sliding = full.withRope(rope(config, false, headSize)).withWindow(window);
        FeedForwardSpec mlp = new FeedForwardSpec.Dense(
                config.width("intermediate_size"),
                Activation.read(json, "hidden_activation", Activation.GELU_TANH),
                false);
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

    private static void refuseUnsupported(JsonObject json) {
        if (json.has("attn_logit_softcapping")) {
            throw new UserError(json.file() + ": attn_logit_softcapping is not supported; published Gemma 3 models do"
                    + " without");
        }
        if (json.bool("use_bidirectional_attention").orElse(false)) {
            throw new UserError(json.file() + ": use_bidirectional_attention is not supported; expected a model that"
                    + " generates text from left to right");
        }
    }
}
