package io.yuebing.model;

import io.yuebing.gguf.GgmlType;
import io.yuebing.gguf.GgufWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Turns a folder with one safetensors file into a GGUF file as llama.cpp's converter does, with names of its own. */
final class GgufOf {
    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("input_layernorm", "attn_norm"),
            Map.entry("self_attn.q_proj", "attn_q"),
            Map.entry("self_attn.k_proj", "attn_k"),
            Map.entry("self_attn.v_proj", "attn_v"),
            Map.entry("self_attn.o_proj", "attn_output"),
            Map.entry("self_attn.qkv_proj", "attn_qkv"),
            Map.entry("self_attn.q_norm", "attn_q_norm"),
            Map.entry("self_attn.k_norm", "attn_k_norm"),
            Map.entry("post_attention_layernorm", "ffn_norm"),
            Map.entry("mlp.gate_proj", "ffn_gate"),
            Map.entry("mlp.up_proj", "ffn_up"),
            Map.entry("mlp.gate_up_proj", "ffn_up"),
            Map.entry("mlp.down_proj", "ffn_down"),
            Map.entry("mlp.gate", "ffn_gate_inp"),
            Map.entry("block_sparse_moe.gate", "ffn_gate_inp"),
            Map.entry("gate_proj", "ffn_gate_exps"),
            Map.entry("up_proj", "ffn_up_exps"),
            Map.entry("down_proj", "ffn_down_exps"),
            Map.entry("w1", "ffn_gate_exps"),
            Map.entry("w3", "ffn_up_exps"),
            Map.entry("w2", "ffn_down_exps"),
            Map.entry("mlp.shared_expert_gate", "ffn_gate_inp_shexp"),
            Map.entry("mlp.shared_expert.gate_proj", "ffn_gate_shexp"),
            Map.entry("mlp.shared_expert.up_proj", "ffn_up_shexp"),
            Map.entry("mlp.shared_expert.down_proj", "ffn_down_shexp"),
            Map.entry("mlp.shared_experts.gate_proj", "ffn_gate_shexp"),
            Map.entry("mlp.shared_experts.up_proj", "ffn_up_shexp"),
            Map.entry("mlp.shared_experts.down_proj", "ffn_down_shexp"),
            Map.entry("self_attn.q_a_proj", "attn_q_a"),
            Map.entry("self_attn.q_a_layernorm", "attn_q_a_norm"),
            Map.entry("self_attn.q_b_proj", "attn_q_b"),
            Map.entry("self_attn.kv_a_proj_with_mqa", "attn_kv_a_mqa"),
            Map.entry("self_attn.kv_a_layernorm", "attn_kv_a_norm"));

    /** A layer's tensor that only older files have in one piece: for these, the test gives it a name. */
    private static final String KEYS_AND_VALUES = "self_attn.kv_b_proj";

    private final String architecture;
    private final JsonNode config;
    private final Map<String, String> names;
    private final GgufWriter file = new GgufWriter();
    private final Map<String, Stack> experts = new TreeMap<>();

    /** Matrices of a layer's experts, one after the other. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Stack(GgmlType type, long[] shape, TreeMap<Integer, byte[]> parts) {}

    private GgufOf(String architecture, JsonNode config, Map<String, String> otherNames) {
        this.architecture = architecture;
        this.config = config;
        this.names = new LinkedHashMap<>(NAMES);
        names.putAll(otherNames);
    }

    /**
     * Converts.
     *
     * @param otherNames names of a layer's tensors in GGUF that differ from the usual ones
     */
    static void write(Path folder, String architecture, Map<String, String> otherNames, Path to) throws IOException {
        JsonNode config = JsonMapper.shared().readTree(folder.resolve("config.json"));
        GgufOf conversion = new GgufOf(architecture, config, otherNames);
        conversion.metadata();
        conversion.tensors(Files.readAllBytes(folder.resolve("model.safetensors")));
        conversion.file.write(to);
    }

    private int number(String field, int byDefault) {
        return config.path(field).asInt(byDefault);
    }

    private void metadata() {
        String key = architecture + ".";
        int predicting = number("num_nextn_predict_layers", 0);
        file.text("general.architecture", architecture)
                .integer(key + "block_count", number("num_hidden_layers", 0) + predicting)
                .integer(key + "nextn_predict_layers", predicting)
                .integer(key + "context_length", number("max_position_embeddings", 0))
                .integer(key + "embedding_length", number("hidden_size", 0))
                .integer(key + "feed_forward_length", number("intermediate_size", 0))
                .integer(key + "attention.head_count", number("num_attention_heads", 0))
                .number(key + "rope.freq_base", (float) theta())
                .number(key + "attention.layer_norm_rms_epsilon", (float)
                        config.path("rms_norm_eps").asDouble(1e-6))
                .texts("tokenizer.ggml.tokens", Collections.nCopies(number("vocab_size", 0), "x"))
                .integer("tokenizer.ggml.eos_token_id", 1);
        if (config.has("kv_lora_rank")) {
            latentAttention(key + "attention.");
        } else {
            heads(key);
        }
        if (config.path("sliding_window").isNumber()) {
            file.integer(key + "attention.sliding_window", number("sliding_window", 0));
        }
        for (String cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
            if (config.path(cap).isNumber()) {
                file.number(key + cap, (float) config.path(cap).asDouble());
            }
        }
        scaling(key + "rope.scaling.");
        experts(key);
    }

    private void heads(String key) {
        int heads = number("num_attention_heads", 0);
        int headSize = number("head_dim", number("hidden_size", 0) / heads);
        file.integer(key + "attention.head_count_kv", number("num_key_value_heads", heads))
                .integer(key + "attention.key_length", headSize)
                .integer(key + "attention.value_length", headSize)
                .integer(key + "rope.dimension_count", (int)
                        (headSize * config.path("partial_rotary_factor").asDouble(1)));
    }

    private void latentAttention(String key) {
        int latent = number("kv_lora_rank", 0);
        int turned = number("qk_rope_head_dim", 0);
        int query = number("qk_nope_head_dim", 0) + turned;
        file.integer(key + "kv_lora_rank", latent)
                .integer(key + "q_lora_rank", number("q_lora_rank", 0))
                .integer(architecture + ".rope.dimension_count", turned);
        if (names.containsKey(KEYS_AND_VALUES)) {
            file.integer(key + "head_count_kv", number("num_attention_heads", 0))
                    .integer(key + "key_length", query)
                    .integer(key + "value_length", number("v_head_dim", 0));
        } else {
            file.integer(key + "head_count_kv", 1)
                    .integer(key + "key_length", latent + turned)
                    .integer(key + "value_length", latent)
                    .integer(key + "key_length_mla", query)
                    .integer(key + "value_length_mla", number("v_head_dim", 0));
        }
    }

    private void scaling(String key) {
        JsonNode scaling = config.path("rope_scaling");
        if (!scaling.isObject()) {
            return;
        }
        file.text(
                        key + "type",
                        scaling.path("rope_type").asString(scaling.path("type").asString("")))
                .number(key + "factor", (float) scaling.path("factor").asDouble());
        if (scaling.has("beta_fast")) {
            file.integer(
                            key + "original_context_length",
                            scaling.path("original_max_position_embeddings").asInt())
                    .number(key + "yarn_beta_fast", (float)
                            scaling.path("beta_fast").asDouble())
                    .number(key + "yarn_beta_slow", (float)
                            scaling.path("beta_slow").asDouble())
                    .number(key + "yarn_log_multiplier", (float)
                            (0.1 * scaling.path("mscale_all_dim").asDouble()));
        }
    }

    private void experts(String key) {
        int count = number("num_experts", number("num_local_experts", number("n_routed_experts", 0)));
        if (count > 0) {
            file.integer(key + "expert_count", count)
                    .integer(key + "expert_used_count", number("num_experts_per_tok", 0))
                    .integer(key + "expert_feed_forward_length", number("moe_intermediate_size", 0));
        }
        if (config.has("shared_expert_intermediate_size")) {
            file.integer(key + "expert_shared_feed_forward_length", number("shared_expert_intermediate_size", 0));
        }
        if (config.has("n_shared_experts")) {
            file.integer(key + "expert_shared_count", number("n_shared_experts", 0))
                    .integer(key + "leading_dense_block_count", number("first_k_dense_replace", 0))
                    .number(key + "expert_weights_scale", (float)
                            config.path("routed_scaling_factor").asDouble())
                    .bool(
                            key + "expert_weights_norm",
                            config.path("norm_topk_prob").asBoolean())
                    .integer(key + "expert_gating_func", 2);
        }
    }

    private double theta() {
        JsonNode parameters = config.path("rope_parameters");
        return config.path("rope_theta").asDouble(parameters.path("rope_theta").asDouble(10_000));
    }

    private void tensors(byte[] bytes) {
        ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int length = (int) data.getLong(0);
        JsonNode header = JsonMapper.shared().readTree(new String(bytes, Long.BYTES, length, StandardCharsets.UTF_8));
        for (String name : header.propertyNames()) {
            if (!name.equals("__metadata__")) {
                JsonNode entry = header.get(name);
                int from =
                        Long.BYTES + length + entry.get("data_offsets").get(0).asInt();
                int end = Long.BYTES + length + entry.get("data_offsets").get(1).asInt();
                long[] shape = entry.get("shape")
                        .valueStream()
                        .mapToLong(JsonNode::asLong)
                        .toArray();
                add(name, GgmlType.valueOf(entry.get("dtype").asString()), shape, Arrays.copyOfRange(bytes, from, end));
            }
        }
        experts.forEach((name, stack) -> {
            ByteBuffer all = ByteBuffer.allocate(stack.parts().values().stream()
                    .mapToInt(part -> part.length)
                    .sum());
            stack.parts().values().forEach(all::put);
            file.tensor(name, stack.type(), all.array(), stack.parts().size(), stack.shape()[0], stack.shape()[1]);
        });
    }

    private void add(String name, GgmlType type, long[] shape, byte[] data) {
        String suffix = name.substring(name.lastIndexOf('.'));
        String stem = name.substring(0, name.lastIndexOf('.'));
        String[] parts = stem.split("\\.", 4);
        switch (stem) {
            case "model.embed_tokens" -> file.tensor("token_embd.weight", type, data, shape);
            case "lm_head" -> file.tensor("output.weight", type, data, shape);
            case "model.norm" -> norm("output_norm.weight", type, shape, data);
            default -> {
                String block = "blk." + parts[2] + ".";
                if (parts[3].contains(".experts.")) {
                    String[] expert = parts[3].substring(parts[3].indexOf(".experts.") + 9)
                            .split("\\.");
                    experts.computeIfAbsent(
                                    block + names.get(expert[1]) + ".weight",
                                    key -> new Stack(type, shape, new TreeMap<>()))
                            .parts()
                            .put(Integer.parseInt(expert[0]), data);
                } else if (parts[3].equals("mlp.gate") && !suffix.equals(".weight")) {
                    file.tensor(block + "exp_probs_b.bias", type, data, shape);
                } else if (parts[3].equals(KEYS_AND_VALUES) && !names.containsKey(KEYS_AND_VALUES)) {
                    split(block, type, (int) shape[1], data);
                } else {
                    layer(block + names.get(parts[3]) + suffix, parts[3], type, shape, data);
                }
            }
        }
    }

    private void layer(String to, String part, GgmlType type, long[] shape, byte[] data) {
        int heads = number("num_attention_heads", 0);
        if (part.contains("norm")) {
            norm(to, type, shape, data);
        } else if (architecture.equals("llama") && part.equals("self_attn.q_proj")) {
            file.tensor(to, type, paired(data, shape, heads), shape);
        } else if (architecture.equals("llama") && part.equals("self_attn.k_proj")) {
            file.tensor(to, type, paired(data, shape, number("num_key_value_heads", heads)), shape);
        } else {
            file.tensor(to, type, data, shape.length == 2 && shape[0] == 1 ? new long[] {shape[1]} : shape);
        }
    }

    /** Keys and values of each head apart, keys the other way round. */
    private void split(String block, GgmlType type, int latent, byte[] data) {
        int heads = number("num_attention_heads", 0);
        int key = number("qk_nope_head_dim", 0);
        int value = number("v_head_dim", 0);
        int width = type.blockBytes();
        byte[] keys = new byte[heads * key * latent * width];
        byte[] values = new byte[heads * value * latent * width];
        for (int head = 0; head < heads; head++) {
            int first = head * (key + value) * latent;
            for (int row = 0; row < key; row++) {
                for (int column = 0; column < latent; column++) {
                    int from = (first + row * latent + column) * width;
                    System.arraycopy(data, from, keys, ((head * latent + column) * key + row) * width, width);
                }
            }
            int length = value * latent * width;
            System.arraycopy(data, (first + key * latent) * width, values, head * length, length);
        }
        file.tensor(block + "attn_k_b.weight", type, keys, heads, latent, key)
                .tensor(block + "attn_v_b.weight", type, values, heads, value, latent);
    }

    /** As floats; for Gemma with the 1 that its own files leave out. */
    private void norm(String to, GgmlType type, long[] shape, byte[] data) {
        int count = (int) shape[0];
        ByteBuffer from = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer floats = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            float value = switch (type) {
                case BF16 -> Float.intBitsToFloat(from.getShort(2 * i) << 16);
                case F16 -> Float.float16ToFloat(from.getShort(2 * i));
                default -> from.getFloat(4 * i);
            };
            floats.putFloat(architecture.startsWith("gemma") ? value + 1 : value);
        }
        file.tensor(to, GgmlType.F32, floats.array(), shape);
    }

    /** {@code LlamaModel.permute}: rows i and i + size / 2 of a head side by side. */
    private static byte[] paired(byte[] data, long[] shape, int heads) {
        int rows = (int) shape[0];
        int rowBytes = data.length / rows;
        int headSize = rows / heads;
        byte[] result = new byte[data.length];
        for (int row = 0; row < rows; row++) {
            int channel = row % headSize;
            int to = row - channel + channel % (headSize / 2) * 2 + channel / (headSize / 2);
            System.arraycopy(data, row * rowBytes, result, to * rowBytes, rowBytes);
        }
        return result;
    }
}
