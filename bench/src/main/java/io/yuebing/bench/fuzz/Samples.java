package io.yuebing.bench.fuzz;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.model.CausalLm;
import io.yuebing.model.Models;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/** A model of one layer, small enough to be read thousands of times, and what all formats hold alike. */
final class Samples {
    static final int HIDDEN = 32;
    static final int HEADS = 2;
    static final int INTERMEDIATE = 64;
    static final int VOCAB = 16;

    /** The layer's matrices, {@code outputs x inputs}. */
    static final Map<String, int[]> MATRICES = matrices();

    private Samples() {}

    private static Map<String, int[]> matrices() {
        Map<String, int[]> matrices = new LinkedHashMap<>();
        for (String name : List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj")) {
            matrices.put(name, new int[] {HIDDEN, HIDDEN});
        }
        matrices.put("mlp.gate_proj", new int[] {INTERMEDIATE, HIDDEN});
        matrices.put("mlp.up_proj", new int[] {INTERMEDIATE, HIDDEN});
        matrices.put("mlp.down_proj", new int[] {HIDDEN, INTERMEDIATE});
        return matrices;
    }

    /** config.json. */
    static Map<String, Object> config() {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of("LlamaForCausalLM"));
        config.put("hidden_size", HIDDEN);
        config.put("intermediate_size", INTERMEDIATE);
        config.put("num_attention_heads", HEADS);
        config.put("num_key_value_heads", HEADS);
        config.put("num_hidden_layers", 1);
        config.put("vocab_size", VOCAB);
        config.put("max_position_embeddings", 128);
        config.put("rms_norm_eps", 1e-6);
        config.put("rope_theta", 10000.0);
        config.put("tie_word_embeddings", true);
        config.put("eos_token_id", 1);
        return config;
    }

    static byte[] json(Object value) {
        return JsonMapper.shared().writeValueAsString(value).getBytes(StandardCharsets.UTF_8);
    }

    /** Bytes of which any two or four are a small finite number, whatever they are taken for. */
    static byte[] smallNumbers(long count) {
        byte[] bytes = new byte[Math.toIntExact(count)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 7 % 0x38);
        }
        return bytes;
    }

    static byte[] floats(int count, float value) {
        ByteBuffer buffer = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            buffer.putFloat(value);
        }
        return buffer.array();
    }

    static byte[] halves(int count, float value) {
        ByteBuffer buffer = ByteBuffer.allocate(count * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            buffer.putShort(Float.floatToFloat16(value));
        }
        return buffer.array();
    }

    static byte[] ints(int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            buffer.putInt(value);
        }
        return buffer.array();
    }

    static SortedMap<String, byte[]> files(Map<String, byte[]> files) {
        return new TreeMap<>(files);
    }

    /** Loads a model and lets go of it. */
    static void load(Path model) {
        try (CausalLm loaded =
                Models.load(model, new Models.LoadOptions(ComputeMode.F32, 1, Models.ProgressListener.NONE))) {
            loaded.cost();
        }
    }
}
