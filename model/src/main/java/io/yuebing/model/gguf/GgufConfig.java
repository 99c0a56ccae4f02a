package io.yuebing.model.gguf;

import io.yuebing.api.UserError;
import io.yuebing.gguf.GgufMetadata;
import io.yuebing.gguf.GgufModel;
import io.yuebing.gguf.GgufTensor;
import io.yuebing.model.decoder.GgufForm;
import io.yuebing.model.json.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/** Tells a GGUF file's metadata as the config.json that the same model has in transformers. */
final class GgufConfig {
    private static final int MAX_COUNT = 1 << 24;

    /** {@code expert_gating_func} */
    private static final int SOFTMAX = 1;

    private static final int SIGMOID = 2;

    /**
     * Tokens that end an answer though {@code eos_token_id} names another one: a GGUF file has room for one id, and
     * generation_config.json of these models lists several.
     */
    private static final Set<String> END_TOKENS = Set.of(
            "<|endoftext|>",
            "<|end_of_text|>",
            "<|im_end|>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<|end|>",
            "<|user|>",
            "<end_of_turn>",
            "<｜end▁of▁sentence｜>");

    private static final int CONTROL_TOKEN = 3;

    private final GgufMetadata metadata;
    private final GgufModel model;
    private final Map<String, GgufTensor> tensors;
    private final String prefix;
    private final Map<String, Object> config = new LinkedHashMap<>();

    private GgufConfig(GgufModel model, Map<String, GgufTensor> tensors, String prefix) {
        this.metadata = model.metadata();
        this.model = model;
        this.tensors = tensors;
        this.prefix = prefix;
    }

    /**
     * Makes the configuration.
     *
     * @param tensors under their names in the file
     * @param form how the family's files look
     * @param name of transformers, for example {@code Qwen2ForCausalLM}
     */
    static JsonObject of(GgufModel model, Map<String, GgufTensor> tensors, GgufForm form, String name) {
        GgufConfig config = new GgufConfig(model, tensors, form.architecture() + ".");
        config.config.put("architectures", List.of(name));
        config.addSizes();
        config.addAttention();
        config.addRope();
        config.addExperts();
        config.config.put("eos_token_id", config.endTokens());
        form.config().accept(config.config);
        byte[] json = JsonMapper.shared().writeValueAsBytes(config.config);
        return JsonObject.parse(model.file() + ": metadata as config.json", json);
    }

    private void addSizes() {
        config.put("hidden_size", required("embedding_length"));
        perLayer("feed_forward_length").ifPresent(size -> config.put("intermediate_size", size));
        // Layers that predict further tokens are counted among the blocks.
        int predicting = integer("nextn_predict_layers").orElse(0);
        config.put("num_hidden_layers", required("block_count") - predicting);
        config.put("vocab_size", tensor("token_embd.weight").shape().getFirst());
        integer("context_length").ifPresent(size -> config.put("max_position_embeddings", size));
        config.put("tie_word_embeddings", !tensors.containsKey("output.weight"));
        metadata.number(prefix + "attention.layer_norm_rms_epsilon").ifPresent(eps -> config.put("rms_norm_eps", eps));
    }

    private void addAttention() {
        String heads = "attention.head_count";
        config.put("num_attention_heads", perLayer(heads).orElseThrow(() -> metadata.missing(prefix + heads)));
        perLayer("attention.head_count_kv").ifPresent(count -> config.put("num_key_value_heads", count));
        integer("attention.sliding_window").ifPresent(size -> config.put("sliding_window", size));
        if (!metadata.isList(prefix + "attention.sliding_window_pattern")) {
            integer("attention.sliding_window_pattern")
                    .ifPresent(layers -> config.put("sliding_window_pattern", layers));
        }
        for (String cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
            metadata.number(prefix + cap).ifPresent(largest -> config.put(cap, largest));
        }
        config.put("use_qk_norm", tensors.containsKey("blk.0.attn_q_norm.weight"));
        if (integer("attention.kv_lora_rank").isPresent()) {
            addLatentAttention();
        } else {
            addHeads();
        }
    }

    /** Sizes of heads, of which newer files have those of one head beside those of a row of the cache. */
    private void addLatentAttention() {
        config.put("kv_lora_rank", required("attention.kv_lora_rank"));
        integer("attention.q_lora_rank").ifPresent(rank -> config.put("q_lora_rank", rank));
        int turned = required("rope.dimension_count");
        int key = integer("attention.key_length_mla").orElseGet(() -> required("attention.key_length"));
        config.put("qk_rope_head_dim", turned);
        config.put("qk_nope_head_dim", key - turned);
        config.put(
                "v_head_dim",
                integer("attention.value_length_mla").orElseGet(() -> required("attention.value_length")));
        config.put("attention_bias", tensors.containsKey("blk.0.attn_output.bias"));
    }

    private void addHeads() {
        OptionalInt keySize = integer("attention.key_length");
        keySize.ifPresent(size -> config.put("head_dim", size));
        integer("attention.value_length").ifPresent(size -> {
            if (keySize.isPresent() && keySize.getAsInt() != size) {
                throw new UserError(metadata.file() + ": metadata key " + prefix + "attention.value_length must be "
                        + keySize.getAsInt() + ", the length of a key, found " + size);
            }
        });
        config.put("attention_bias", tensors.containsKey("blk.0.attn_q.bias"));
        addPartOfHead();
    }

    private void addRope() {
        metadata.number(prefix + "rope.freq_base").ifPresent(theta -> config.put("rope_theta", theta));
        Map<String, Object> scaling = new LinkedHashMap<>();
        String type = metadata.text(prefix + "rope.scaling.type").orElse("none");
        metadata.number(prefix + "rope.scaling.factor").ifPresent(factor -> scaling.put("factor", factor));
        integer("rope.scaling.original_context_length")
                .ifPresent(length -> scaling.put("original_max_position_embeddings", length));
        metadata.number(prefix + "rope.scaling.attn_factor")
                .ifPresent(factor -> scaling.put("attention_factor", factor));
        addYarn(scaling);
        metadata.number(prefix + "rope.freq_base_swa").ifPresent(theta -> config.put("rope_local_base_freq", theta));
        Optional<GgufTensor> factors = Optional.ofNullable(tensors.get("rope_freqs.weight"));
        if (factors.isPresent()) {
            // The same arithmetic: every frequency is divided by a factor of its own.
            config.put(
                    "rope_scaling",
                    Map.of(
                            "rope_type",
                            "longrope",
                            "short_factor",
                            GgufView.floats(factors.get()),
                            "attention_factor",
                            1));
        } else if (tensors.containsKey("rope_factors_long.weight")) {
            scaling.put("rope_type", "longrope");
            scaling.put("long_factor", GgufView.floats(tensor("rope_factors_long.weight")));
            scaling.put("short_factor", GgufView.floats(tensor("rope_factors_short.weight")));
            config.put("rope_scaling", scaling);
        } else if (!type.equals("none")) {
            scaling.put("rope_type", type);
            config.put("rope_scaling", scaling);
        }
    }

    /** The multiplier is a tenth of DeepSeek's {@code mscale_all_dim}, to which {@code mscale} is equal in its models. */
    private void addYarn(Map<String, Object> scaling) {
        String yarn = prefix + "rope.scaling.yarn_";
        metadata.number(yarn + "beta_fast").ifPresent(turns -> scaling.put("beta_fast", turns));
        metadata.number(yarn + "beta_slow").ifPresent(turns -> scaling.put("beta_slow", turns));
        metadata.number(yarn + "attn_factor").ifPresent(factor -> scaling.put("attention_factor", factor));
        metadata.number(yarn + "log_multiplier").ifPresent(multiplier -> {
            scaling.put("mscale", 10 * multiplier);
            scaling.put("mscale_all_dim", 10 * multiplier);
        });
    }

    /** Channels of a head that are turned: said even if it is all of them, for some families turn half without a word. */
    private void addPartOfHead() {
        OptionalInt channels = integer("rope.dimension_count");
        Object heads = config.get("num_attention_heads");
        if (channels.isPresent() && heads instanceof Long count && count > 0) {
            int headSize = integer("attention.key_length").orElse((int) (required("embedding_length") / count));
            if (headSize > 0) {
                // Rounded up, or the share of the head size could be a channel less.
                double share = Math.nextUp((double) channels.getAsInt() / headSize);
                config.put("partial_rotary_factor", channels.getAsInt() == headSize ? 1 : share);
            }
        }
    }

    private void addExperts() {
        integer("expert_count").ifPresent(count -> {
            config.put("num_experts", count);
            config.put("num_local_experts", count);
            config.put("n_routed_experts", count);
        });
        integer("expert_shared_count").ifPresent(count -> config.put("n_shared_experts", count));
        integer("leading_dense_block_count").ifPresent(count -> config.put("first_k_dense_replace", count));
        addRouting();
        integer("expert_used_count").ifPresent(count -> config.put("num_experts_per_tok", count));
        integer("expert_feed_forward_length").ifPresent(size -> config.put("moe_intermediate_size", size));
        integer("expert_shared_feed_forward_length")
                .ifPresentOrElse(
                        size -> config.put("shared_expert_intermediate_size", size),
                        () -> perLayer("feed_forward_length")
                                .ifPresent(size -> config.put("shared_expert_intermediate_size", size)));
    }

    private void addRouting() {
        integer("expert_group_count").ifPresent(count -> config.put("n_group", count));
        integer("expert_group_used_count").ifPresent(count -> config.put("topk_group", count));
        metadata.number(prefix + "expert_weights_scale").ifPresent(scale -> config.put("routed_scaling_factor", scale));
        metadata.bool(prefix + "expert_weights_norm").ifPresent(norm -> config.put("norm_topk_prob", norm));
        integer("expert_gating_func").ifPresent(function -> {
            if (function != SOFTMAX && function != SIGMOID) {
                throw new UserError(metadata.file() + ": metadata key " + prefix + "expert_gating_func " + function
                        + " is not supported; supported: " + SOFTMAX + " (softmax), " + SIGMOID + " (sigmoid)");
            }
            config.put("scoring_func", function == SOFTMAX ? "softmax" : "sigmoid");
        });
        if (tensors.keySet().stream().anyMatch(name -> name.endsWith(".exp_probs_b.bias"))) {
            config.put("topk_method", "noaux_tc");
        }
    }

    private List<Long> endTokens() {
        Set<Long> ids = new LinkedHashSet<>();
        long vocabulary = tensor("token_embd.weight").shape().getFirst();
        for (String key : List.of("eos_token_id", "eot_token_id", "eom_token_id")) {
            OptionalLong id = metadata.whole("tokenizer.ggml." + key, 0, vocabulary - 1);
            id.ifPresent(ids::add);
        }
        List<String> tokens = metadata.texts("tokenizer.ggml.tokens").orElse(List.of());
        long[] types = metadata.wholes("tokenizer.ggml.token_type").orElse(new long[0]);
        for (int id = 0; id < Math.min(tokens.size(), types.length); id++) {
            if (types[id] == CONTROL_TOKEN && END_TOKENS.contains(tokens.get(id)) && id < vocabulary) {
                ids.add((long) id);
            }
        }
        return new ArrayList<>(ids);
    }

    private int required(String key) {
        return integer(key).orElseThrow(() -> metadata.missing(prefix + key));
    }

    private OptionalInt integer(String key) {
        return metadata.integer(prefix + key, 0, MAX_COUNT);
    }

    /** A number, or a list with one for each layer, which must be equal. */
    private Optional<Long> perLayer(String key) {
        if (!metadata.isList(prefix + key)) {
            OptionalInt value = integer(key);
            return value.isPresent() ? Optional.of((long) value.getAsInt()) : Optional.empty();
        }
        long[] values = metadata.wholes(prefix + key).orElseThrow();
        if (values.length == 0 || Arrays.stream(values).anyMatch(value -> value != values[0])) {
            throw new UserError(metadata.file() + ": metadata key " + prefix + key
                    + " differs between layers; models with the same number in all layers are supported");
        }
        return Optional.of(values[0]);
    }

    private GgufTensor tensor(String name) {
        GgufTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new UserError(
                    model.file() + ": tensor " + name + " is missing; the file has " + tensors.size() + " tensors");
        }
        return tensor;
    }
}
