package io.yuebing.bench.make;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** The JSON files beside the weights in a made model's directory. */
public final class ModelJson {
    private ModelJson() {}

    /** Content by file name. */
    public static Map<String, String> files(Geometry geometry, boolean quantised) {
        MadeTokenizer tokenizer = new MadeTokenizer(geometry.vocabSize());
        return Map.of(
                "config.json", write(config(geometry, tokenizer, quantised)),
                "generation_config.json",
                        write(Map.of(
                                "eos_token_id", tokenizer.messageEnd(),
                                "pad_token_id", tokenizer.endOfText(),
                                "do_sample", false)),
                "tokenizer.json", write(tokenizer(tokenizer)),
                "tokenizer_config.json",
                        write(Map.of(
                                "tokenizer_class", "Qwen2Tokenizer",
                                "add_bos_token", false,
                                "eos_token", MadeTokenizer.MESSAGE_END,
                                "pad_token", MadeTokenizer.END_OF_TEXT,
                                "model_max_length", Geometry.MAX_POSITIONS,
                                "chat_template", MadeTokenizer.CHAT_TEMPLATE)));
    }

    private static Map<String, Object> config(Geometry g, MadeTokenizer tokenizer, boolean quantised) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of("Qwen2ForCausalLM"));
        config.put("model_type", "qwen2");
        config.put("vocab_size", g.vocabSize());
        config.put("hidden_size", g.hiddenSize());
        config.put("intermediate_size", g.intermediateSize());
        config.put("num_hidden_layers", g.layers());
        config.put("num_attention_heads", g.heads());
        config.put("num_key_value_heads", g.kvHeads());
        config.put("hidden_act", "silu");
        config.put("rms_norm_eps", 1e-6);
        config.put("rope_theta", (double) Geometry.ROPE_THETA);
        config.put("max_position_embeddings", Geometry.MAX_POSITIONS);
        config.put("use_sliding_window", false);
        config.put("tie_word_embeddings", g.tied());
        config.put("bos_token_id", tokenizer.endOfText());
        config.put("eos_token_id", tokenizer.messageEnd());
        config.put("torch_dtype", quantised ? "float16" : "bfloat16");
        if (quantised) {
            Map<String, Object> gptq = new LinkedHashMap<>();
            gptq.put("quant_method", "gptq");
            gptq.put("bits", 4);
            gptq.put("group_size", SafetensorsModelPlan.GROUP);
            gptq.put("sym", true);
            gptq.put("desc_act", false);
            config.put("quantization_config", gptq);
        }
        return config;
    }

    private static Map<String, Object> tokenizer(MadeTokenizer tokenizer) {
        List<String> tokens = tokenizer.tokens();
        int ordinary = tokens.size() - MadeTokenizer.SPECIAL;
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        List<Map<String, Object>> added = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            if (id < ordinary) {
                vocabulary.put(tokens.get(id), id);
            } else {
                added.add(specialToken(id, tokens.get(id)));
            }
        }
        Map<String, Object> byteLevel =
                Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", false, "use_regex", false);
        Map<String, Object> words = Map.of(
                "type",
                "Split",
                "pattern",
                Map.of("Regex", MadeTokenizer.WORDS),
                "behavior",
                "Isolated",
                "invert",
                false);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("added_tokens", added);
        json.put("normalizer", Map.of("type", "NFC"));
        json.put("pre_tokenizer", Map.of("type", "Sequence", "pretokenizers", List.of(words, byteLevel)));
        json.put("post_processor", byteLevel);
        json.put("decoder", byteLevel);
        json.put(
                "model",
                Map.of(
                        "type",
                        "BPE",
                        "vocab",
                        vocabulary,
                        "merges",
                        List.of(List.of(MadeTokenizer.MERGE_LEFT, MadeTokenizer.MERGE_RIGHT))));
        return json;
    }

    private static Map<String, Object> specialToken(int id, String content) {
        return Map.of(
                "id", id,
                "content", content,
                "single_word", false,
                "lstrip", false,
                "rstrip", false,
                "normalized", false,
                "special", true);
    }

    private static String write(Object value) {
        return JsonMapper.shared().writeValueAsString(value);
    }
}
