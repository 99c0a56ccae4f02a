package io.yuebing.model;

import io.yuebing.model.weights.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.json.JsonMapper;

/** Writes a Qwen2 model directory with random weights for tests of what no fixture shows. */
final class TinyModel {
    static final int LAYERS = 2;
    static final int HIDDEN = 32;
    static final int HEADS = 4;
    static final int KV_HEADS = 2;
    static final int HEAD_SIZE = 8;
    static final int INTERMEDIATE = 48;
    static final int VOCAB = 64;

    private final Path dir;
    private final Map<String, Object> config = new LinkedHashMap<>(Map.ofEntries(
            Map.entry("architectures", List.of("Qwen2ForCausalLM")),
            Map.entry("hidden_size", HIDDEN),
            Map.entry("intermediate_size", INTERMEDIATE),
            Map.entry("num_attention_heads", HEADS),
            Map.entry("num_key_value_heads", KV_HEADS),
            Map.entry("num_hidden_layers", LAYERS),
            Map.entry("vocab_size", VOCAB),
            Map.entry("max_position_embeddings", 128),
            Map.entry("rope_theta", 10000.0),
            Map.entry("tie_word_embeddings", false),
            Map.entry("eos_token_id", 1)));
    private final SafetensorsFile weights = new SafetensorsFile();
    private final Random random = new Random(5);

    TinyModel(Path dir) {
        this.dir = dir;
        matrix("model.embed_tokens.weight", VOCAB, HIDDEN);
        for (int layer = 0; layer < LAYERS; layer++) {
            String prefix = "model.layers." + layer + ".";
            vector(prefix + "input_layernorm.weight", HIDDEN);
            vector(prefix + "post_attention_layernorm.weight", HIDDEN);
            matrix(prefix + "self_attn.q_proj.weight", HEADS * HEAD_SIZE, HIDDEN);
            vector(prefix + "self_attn.q_proj.bias", HEADS * HEAD_SIZE);
            for (String name : List.of("k_proj", "v_proj")) {
                matrix(prefix + "self_attn." + name + ".weight", KV_HEADS * HEAD_SIZE, HIDDEN);
                vector(prefix + "self_attn." + name + ".bias", KV_HEADS * HEAD_SIZE);
            }
            matrix(prefix + "self_attn.o_proj.weight", HIDDEN, HEADS * HEAD_SIZE);
            matrix(prefix + "mlp.gate_proj.weight", INTERMEDIATE, HIDDEN);
            matrix(prefix + "mlp.up_proj.weight", INTERMEDIATE, HIDDEN);
            matrix(prefix + "mlp.down_proj.weight", HIDDEN, INTERMEDIATE);
        }
        vector("model.norm.weight", HIDDEN);
        matrix("lm_head.weight", VOCAB, HIDDEN);
    }

    private void matrix(String name, int rows, int columns) {
        weights.halfs(name, values(rows * columns), rows, columns);
    }

    private void vector(String name, int size) {
        weights.floats(name, values(size), size);
    }

    private float[] values(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * 0.3f;
        }
        return values;
    }

    TinyModel config(String field, Object value) {
        config.put(field, value);
        return this;
    }

    TinyModel without(String field) {
        config.remove(field);
        return this;
    }

    TinyModel withoutTensor(String name) {
        weights.without(name);
        return this;
    }

    TinyModel tensor(String name, float[] values, long... shape) {
        weights.floats(name, values, shape);
        return this;
    }

    TinyModel ints(String name, int[] values, long... shape) {
        weights.ints(name, values, shape);
        return this;
    }

    TinyModel file(String name, String content) {
        try {
            Files.writeString(dir.resolve(name), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Writes config.json and model.safetensors. */
    Path write() {
        file("config.json", JsonMapper.shared().writeValueAsString(config));
        weights.write(dir.resolve("model.safetensors"));
        return dir;
    }
}
