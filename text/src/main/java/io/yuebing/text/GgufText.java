package io.yuebing.text;

import io.yuebing.api.UserError;
import io.yuebing.gguf.GgufMetadata;
import io.yuebing.gguf.GgufModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Tells the tokenizer and the chat template in a GGUF file's metadata as the files that the same model has in
 * transformers' form.
 */
final class GgufText {
    private static final String PREFIX = "tokenizer.ggml.";

    /** Kinds of tokens ({@code llama_token_type} of llama.h). */
    private static final int UNKNOWN = 2;

    private static final int CONTROL = 3;

    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    /** Tokens of Phi-3 that leave the white space behind them; the others take it, which GGUF cannot say. */
    private static final List<String> KEEPING_SPACE_OF_PHI3 = List.of("<unk>", "<s>", "<|endoftext|>");

    private final GgufMetadata metadata;
    private final List<String> tokens;
    private final long[] kinds;

    private GgufText(GgufMetadata metadata) {
        this.metadata = metadata;
        this.tokens = metadata.texts(PREFIX + "tokens").orElseThrow(() -> metadata.missing(PREFIX + "tokens"));
        this.kinds = metadata.wholes(PREFIX + "token_type").orElse(new long[tokens.size()]);
        if (kinds.length != tokens.size()) {
            throw new UserError(metadata.file() + ": metadata key " + PREFIX + "token_type must have " + tokens.size()
                    + " elements, one for each token, found " + kinds.length);
        }
    }

    /** The contents of tokenizer.json and tokenizer_config.json. */
    static Map<String, String> files(GgufModel model) {
        GgufText text = new GgufText(model.metadata());
        return Map.of(
                "tokenizer.json", TokenizerFile.JSON.writeValueAsString(text.tokenizer()),
                "tokenizer_config.json", TokenizerFile.JSON.writeValueAsString(text.configuration()));
    }

    private Map<String, Object> tokenizer() {
        String kind = metadata.requireText(PREFIX + "model");
        return switch (kind) {
            case "gpt2" -> byteLevel();
            case "llama" -> sentencePiece();
            default ->
                throw new UserError(metadata.file() + ": metadata key " + PREFIX + "model '" + kind
                        + "' is not supported; supported: gpt2, llama");
        };
    }

    private Map<String, Object> byteLevel() {
        String name = metadata.requireText(PREFIX + "pre");
        PreTokenizer pre = PreTokenizer.named(name)
                .orElseThrow(() -> new UserError(metadata.file() + ": metadata key " + PREFIX + "pre '" + name
                        + "' is not supported; supported: " + String.join(", ", PreTokenizer.allNames())));
        List<String> merges = metadata.texts(PREFIX + "merges").orElseThrow(() -> metadata.missing(PREFIX + "merges"));
        Map<String, Integer> vocabulary = vocabulary();
        Map<String, Object> decoder =
                Map.of("type", "ByteLevel", "add_prefix_space", true, "trim_offsets", true, "use_regex", true);
        Map<String, Object> model = bpe(
                vocabulary,
                merges.stream().filter(merge -> merges(merge, vocabulary)).toList());
        model.put("ignore_merges", pre.wholeTokensFirst());
        return sections(
                pre.composes() ? Optional.of(Map.of("type", "NFC")) : Optional.empty(),
                Optional.of(pre.section()),
                decoder,
                model,
                pre.expectsBos());
    }

    private Map<String, Object> sentencePiece() {
        boolean prefix = metadata.bool(PREFIX + "add_space_prefix").orElse(true);
        List<Object> normalizers = new ArrayList<>();
        List<Object> decoders = new ArrayList<>(List.of(
                Map.of("type", "Replace", "pattern", Map.of("String", "▁"), "content", " "),
                Map.of("type", "ByteFallback"),
                Map.of("type", "Fuse")));
        if (prefix) {
            normalizers.add(Map.of("type", "Prepend", "prepend", "▁"));
            decoders.add(Map.of("type", "Strip", "content", " ", "start", 1, "stop", 0));
        }
        normalizers.add(Map.of("type", "Replace", "pattern", Map.of("String", " "), "content", "▁"));
        float[] scores = metadata.floats(PREFIX + "scores").orElseThrow(() -> metadata.missing(PREFIX + "scores"));
        if (scores.length != tokens.size()) {
            throw new UserError(metadata.file() + ": metadata key " + PREFIX + "scores must have " + tokens.size()
                    + " elements, one for each token, found " + scores.length);
        }
        Map<String, Integer> vocabulary = vocabulary();
        Map<String, Object> model = bpe(vocabulary, SentencePieceMerges.of(merging(vocabulary), scores));
        token("unknown_token_id").ifPresent(unknown -> model.put("unk_token", unknown));
        model.put("fuse_unk", true);
        model.put("byte_fallback", true);
        return sections(
                Optional.of(Map.of("type", "Sequence", "normalizers", normalizers)),
                Optional.empty(),
                Map.of("type", "Sequence", "decoders", decoders),
                model,
                true);
    }

    /** Whether a merge has a result; llama.cpp passes over others, the tokenizers library refuses them. */
    private static boolean merges(String merge, Map<String, Integer> vocabulary) {
        int space = merge.indexOf(' ', 1);
        return space > 0
                && vocabulary.containsKey(merge.substring(0, space))
                && vocabulary.containsKey(merge.substring(space + 1))
                && vocabulary.containsKey(merge.substring(0, space) + merge.substring(space + 1));
    }

    /**
     * The tokens that are made of others. A named one may have spaces in it, which merges cannot: Gemma's runs of them.
     */
    private Map<String, Integer> merging(Map<String, Integer> vocabulary) {
        Map<String, Integer> merging = new LinkedHashMap<>(vocabulary);
        merging.values().removeIf(id -> isNamed(id) || kinds[id] == BYTE);
        return merging;
    }

    /** Whether a token is found in the text by its name, before anything else. */
    private boolean isNamed(int id) {
        return kinds[id] == UNKNOWN || kinds[id] == CONTROL || kinds[id] == USER_DEFINED;
    }

    private Map<String, Object> bpe(Map<String, Integer> vocabulary, List<String> merges) {
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        model.put("vocab", vocabulary);
        model.put("merges", merges);
        return model;
    }

    /** Ids by token; unused ones are padding of the embedding. */
    private Map<String, Integer> vocabulary() {
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            if (kinds[id] != UNUSED) {
                vocabulary.putIfAbsent(tokens.get(id), id);
            }
        }
        return vocabulary;
    }

    private Map<String, Object> sections(
            Optional<Map<String, Object>> normalizer,
            Optional<Map<String, Object>> preTokenizer,
            Map<String, Object> decoder,
            Map<String, Object> model,
            boolean expectsBos) {
        Map<String, Object> sections = new LinkedHashMap<>();
        sections.put("version", "1.0");
        sections.put("added_tokens", addedTokens());
        normalizer.ifPresent(section -> sections.put("normalizer", section));
        preTokenizer.ifPresent(section -> sections.put("pre_tokenizer", section));
        surroundings(expectsBos).ifPresent(section -> sections.put("post_processor", section));
        sections.put("decoder", decoder);
        sections.put("model", model);
        return sections;
    }

    private List<Map<String, Object>> addedTokens() {
        List<Map<String, Object>> added = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            if (isNamed(id) && !tokens.get(id).isEmpty()) {
                added.add(Map.of(
                        "id",
                        id,
                        "content",
                        tokens.get(id),
                        "single_word",
                        false,
                        "lstrip",
                        false,
                        "rstrip",
                        takesSpace(tokens.get(id)),
                        "normalized",
                        false,
                        "special",
                        kinds[id] != USER_DEFINED));
            }
        }
        return added;
    }

    /** Whether white space behind the token belongs to it, as llama.cpp assumes for models of that name. */
    private boolean takesSpace(String token) {
        return metadata.text("general.architecture").equals(Optional.of("phi3"))
                && metadata.requireText(PREFIX + "model").equals("llama")
                && !KEEPING_SPACE_OF_PHI3.contains(token);
    }

    /** The section {@code post_processor}, which puts BOS before and EOS behind a text. */
    private Optional<Map<String, Object>> surroundings(boolean expectsBos) {
        Map<String, Object> sequence = Map.of("Sequence", Map.of("id", "A", "type_id", 0));
        List<Object> single = new ArrayList<>();
        Map<String, Object> special = new LinkedHashMap<>();
        if (metadata.bool(PREFIX + "add_bos_token").orElse(expectsBos)) {
            surround("bos_token_id", single, special);
        }
        single.add(sequence);
        if (metadata.bool(PREFIX + "add_eos_token").orElse(false)) {
            surround("eos_token_id", single, special);
        }
        if (special.isEmpty()) {
            return Optional.empty();
        }
        Map<String, Object> second = Map.of("Sequence", Map.of("id", "B", "type_id", 1));
        return Optional.of(Map.of(
                "type",
                "TemplateProcessing",
                "single",
                single,
                "pair",
                List.of(sequence, second),
                "special_tokens",
                special));
    }

    private void surround(String key, List<Object> single, Map<String, Object> special) {
        OptionalInt id = id(key);
        if (id.isPresent()) {
            String token = tokens.get(id.getAsInt());
            single.add(Map.of("SpecialToken", Map.of("id", token, "type_id", 0)));
            special.put(token, Map.of("id", token, "ids", List.of(id.getAsInt()), "tokens", List.of(token)));
        }
    }

    private Map<String, Object> configuration() {
        Map<String, Object> configuration = new LinkedHashMap<>();
        for (Map.Entry<String, String> name : Map.of(
                        "bos_token", "bos_token_id",
                        "eos_token", "eos_token_id",
                        "unk_token", "unknown_token_id",
                        "pad_token", "padding_token_id")
                .entrySet()) {
            token(name.getValue()).ifPresent(token -> configuration.put(name.getKey(), token));
        }
        Optional<String> template = metadata.text("tokenizer.chat_template");
        Optional<String> withTools = metadata.text("tokenizer.chat_template.tool_use");
        if (template.isPresent() && withTools.isPresent()) {
            configuration.put(
                    "chat_template",
                    List.of(
                            Map.of("name", "default", "template", template.get()),
                            Map.of("name", "tool_use", "template", withTools.get())));
        } else {
            template.ifPresent(text -> configuration.put("chat_template", text));
        }
        return configuration;
    }

    private Optional<String> token(String key) {
        OptionalInt id = id(key);
        return id.isPresent() ? Optional.of(tokens.get(id.getAsInt())) : Optional.empty();
    }

    private OptionalInt id(String key) {
        return metadata.integer(PREFIX + key, 0, tokens.size() - 1);
    }
}
