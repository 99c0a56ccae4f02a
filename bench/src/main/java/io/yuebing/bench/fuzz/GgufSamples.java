package io.yuebing.bench.fuzz;

import io.yuebing.gguf.GgmlType;
import io.yuebing.gguf.GgufWriter;
import io.yuebing.text.Tokenizer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Models as GGUF files with the matrices in each type. */
final class GgufSamples {
    private static final String FILE = "model.gguf";
    private static final Set<GgmlType> NO_WEIGHTS =
            EnumSet.of(GgmlType.I8, GgmlType.I16, GgmlType.I32, GgmlType.I64, GgmlType.F64);
    private static final Map<String, String> NAMES = Map.of(
            "self_attn.q_proj", "attn_q",
            "self_attn.k_proj", "attn_k",
            "self_attn.v_proj", "attn_v",
            "self_attn.o_proj", "attn_output",
            "mlp.gate_proj", "ffn_gate",
            "mlp.up_proj", "ffn_up",
            "mlp.down_proj", "ffn_down");

    /** Bytes of characters that GPT-2's vocabulary has for all bytes. */
    private static final int BYTES = 256;

    private GgufSamples() {}

    static List<FuzzSample> everyType() {
        List<FuzzSample> samples = new ArrayList<>();
        for (GgmlType type : GgmlType.values()) {
            if (!NO_WEIGHTS.contains(type)) {
                GgufWriter file = new GgufWriter();
                metadata(file, type);
                tensors(file, type, 0, 2);
                samples.add(new FuzzSample(
                        "gguf with " + type.name(),
                        Samples.files(Map.of(FILE, file.bytes())),
                        List.of(FILE),
                        folder -> Samples.load(folder.resolve(FILE))));
            }
        }
        GgufWriter text = new GgufWriter();
        metadata(text, GgmlType.F32);
        tensors(text, GgmlType.F32, 0, 2);
        samples.add(new FuzzSample(
                "tokenizer of a gguf", Samples.files(Map.of(FILE, text.bytes())), List.of(FILE), folder -> {
                    try (Tokenizer tokenizer = Tokenizer.load(folder.resolve(FILE))) {
                        tokenizer.decode(tokenizer.encode("ab c", true), false);
                    }
                }));
        return samples;
    }

    static List<FuzzSample> split() {
        Map<String, byte[]> files = new TreeMap<>();
        for (int part = 0; part < 2; part++) {
            GgufWriter file = new GgufWriter();
            if (part == 0) {
                metadata(file, GgmlType.Q4_0);
            }
            file.integer("split.no", part).integer("split.count", 2).integer("split.tensors.count", 11);
            tensors(file, GgmlType.Q4_0, part, part + 1);
            files.put("model-0000" + (part + 1) + "-of-00002.gguf", file.bytes());
        }
        return List.of(new FuzzSample(
                "split gguf",
                Samples.files(files),
                List.copyOf(files.keySet()),
                folder -> Samples.load(folder.resolve("model-00001-of-00002.gguf"))));
    }

    /** Rows have whole blocks. */
    private static int width(GgmlType type, int least) {
        return Math.max(type.blockElements(), least);
    }

    private static void metadata(GgufWriter file, GgmlType type) {
        int vocabulary = BYTES + 4;
        file.text("general.architecture", "llama")
                .integer("llama.block_count", 1)
                .integer("llama.context_length", 128)
                .integer("llama.embedding_length", width(type, Samples.HIDDEN))
                .integer("llama.feed_forward_length", width(type, Samples.INTERMEDIATE))
                .integer("llama.attention.head_count", Samples.HEADS)
                .integer("llama.attention.head_count_kv", Samples.HEADS)
                .number("llama.rope.freq_base", 10000)
                .number("llama.attention.layer_norm_rms_epsilon", 1e-6f)
                .text("tokenizer.ggml.model", "gpt2")
                .text("tokenizer.ggml.pre", "qwen2")
                .texts("tokenizer.ggml.tokens", tokens(vocabulary))
                .integers(
                        "tokenizer.ggml.token_type",
                        IntStream.range(0, vocabulary)
                                .map(id -> id > BYTES ? 3 : 1)
                                .boxed()
                                .toList())
                .texts("tokenizer.ggml.merges", List.of("a b"))
                .integer("tokenizer.ggml.eos_token_id", vocabulary - 1)
                .bool("tokenizer.ggml.add_bos_token", false);
    }

    private static List<String> tokens(int count) {
        List<String> tokens = new ArrayList<>();
        for (int b = 0; b < BYTES; b++) {
            if (b >= '!' && b <= '~' || b >= 0xA1 && b != 0xAD) {
                tokens.add(String.valueOf((char) b));
            }
        }
        for (char c = BYTES; tokens.size() < BYTES; c++) {
            tokens.add(String.valueOf(c));
        }
        tokens.add("ab");
        while (tokens.size() < count) {
            tokens.add("<|special " + tokens.size() + "|>");
        }
        return tokens;
    }

    /** Part 0 has what lies outside of the layer, part 1 the layer. */
    private static void tensors(GgufWriter file, GgmlType type, int firstPart, int endPart) {
        int hidden = width(type, Samples.HIDDEN);
        int intermediate = width(type, Samples.INTERMEDIATE);
        if (firstPart == 0) {
            int vocabulary = BYTES + 4;
            file.tensor(
                    "token_embd.weight", GgmlType.F16, Samples.halves(vocabulary * hidden, 0.01f), vocabulary, hidden);
            file.tensor("output_norm.weight", GgmlType.F32, Samples.floats(hidden, 1), hidden);
            file.tensor("blk.0.attn_norm.weight", GgmlType.F32, Samples.floats(hidden, 1), hidden);
        }
        if (endPart == 2) {
            file.tensor("blk.0.ffn_norm.weight", GgmlType.F32, Samples.floats(hidden, 1), hidden);
            Samples.MATRICES.forEach((name, sizes) -> {
                int rows = sizes[0] == Samples.HIDDEN ? hidden : intermediate;
                int columns = sizes[1] == Samples.HIDDEN ? hidden : intermediate;
                long bytes = (long) rows * columns / type.blockElements() * type.blockBytes();
                file.tensor("blk.0." + NAMES.get(name) + ".weight", type, Samples.smallNumbers(bytes), rows, columns);
            });
        }
    }
}
