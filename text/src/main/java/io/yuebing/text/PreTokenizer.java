package io.yuebing.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How text is cut before byte-level BPE, under the names of {@code tokenizer.ggml.pre}. Of each model the patterns are
 * those of its tokenizer.json.
 */
enum PreTokenizer {
    GPT2(false, false, List.of(), "gpt-2", "gpt2", "mpt", "olmo", "jais", "phi-2"),
    /** GPT-2's with every digit on its own. */
    DIGITS(false, false, List.of("\\p{N}", Patterns.GPT2), "smollm", "starcoder", "refact", "minerva-7b"),
    QWEN2(
            true,
            false,
            List.of(Patterns.CONTRACTIONS + Patterns.WORDS + "\\p{N}" + Patterns.REST),
            "qwen2",
            "deepseek-r1-qwen",
            "stablelm2",
            "megrez"),
    LLAMA3(
            false,
            true,
            List.of(Patterns.CONTRACTIONS + Patterns.WORDS + "\\p{N}{1,3}" + Patterns.REST),
            "llama-bpe",
            "llama3",
            "llama-v3",
            "falcon3",
            "smaug-bpe"),
    GLM4(
            false,
            false,
            List.of(Patterns.CONTRACTIONS + Patterns.WORDS + "\\p{N}{1,3}" + Patterns.REST),
            "glm4",
            "chatglm-bpe",
            "dbrx"),
    /** DeepSeek-V2's: words are letters with case, without Georgian and mathematical ones. */
    DEEPSEEK_LLM(
            false,
            false,
            List.of(
                    "[\\r\\n]",
                    "\\s?[\\p{Lu}\\p{Ll}\\p{Lt}&&[^\\x{10D0}-\\x{10FF}\\x{1D400}-\\x{1D7FF}]]+",
                    "\\s?[!-/:-~！-／：-～‘-‟　-。]+",
                    "\\s+$",
                    Patterns.DEEPSEEK_CJK,
                    "\\p{N}"),
            "deepseek-llm"),
    DEEPSEEK_CODER(
            false,
            false,
            List.of("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", Patterns.DEEPSEEK_CJK, "\\p{N}"),
            "deepseek-coder"),
    DEEPSEEK3(
            false,
            false,
            List.of(
                    "\\p{N}{1,3}",
                    "[一-龥぀-ゟ゠-ヿ]+",
                    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                            + "| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
            "deepseek-v3",
            "hunyuan-dense"),
    TEKKEN(
            false,
            true,
            List.of(Patterns.cased("") + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
            "tekken"),
    /** Kimi's: runs of Chinese characters, and words without any. */
    KIMI_K2(
            false,
            true,
            List.of("[\\p{Han}]+|" + Patterns.cased("&&[^\\p{Han}]", "(?i:'s|'t|'re|'ve|'m|'ll|'d)?") + "|\\p{N}{1,3}"
                    + Patterns.REST),
            "kimi-k2"),
    GPT4O(
            false,
            false,
            List.of(Patterns.cased("(?i:'s|'t|'re|'ve|'m|'ll|'d)?")
                    + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
            "gpt-4o",
            "o200k");

    private final boolean composes;
    private final boolean wholeTokensFirst;
    private final List<String> patterns;
    private final List<String> names;

    PreTokenizer(boolean composes, boolean wholeTokensFirst, List<String> patterns, String... names) {
        this.composes = composes;
        this.wholeTokensFirst = wholeTokensFirst;
        this.patterns = patterns;
        this.names = List.of(names);
    }

    /** Pieces that several patterns share. */
    private static final class Patterns {
        static final String GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
        static final String DEEPSEEK_CJK = "[一-龥\\x{800}-一가-\\x{D7FF}]+";
        static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|";
        static final String WORDS = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
        static final String REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

        /** Words are cut where capitals begin. */
        static String cased(String suffix) {
            return cased("", suffix);
        }

        /** The same with letters of which some are left out. */
        static String cased(String without, String suffix) {
            String upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}" + without + "]";
            String lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}" + without + "]";
            String first = "[^\\r\\n\\p{L}\\p{N}]?";
            return first + upper + "*" + lower + "+" + suffix + "|" + first + upper + "+" + lower + "*" + suffix;
        }
    }

    static Optional<PreTokenizer> named(String name) {
        return Arrays.stream(values()).filter(one -> one.names.contains(name)).findFirst();
    }

    static List<String> allNames() {
        return Arrays.stream(values()).flatMap(one -> one.names.stream()).toList();
    }

    /** Whether text is brought to normal form C first. */
    boolean composes() {
        return composes;
    }

    /** Whether a piece that is a token is taken whole, without merging: {@code ignore_merges}. */
    boolean wholeTokensFirst() {
        return wholeTokensFirst;
    }

    /** Whether these models expect a BOS though the file does not say so. */
    boolean expectsBos() {
        return wholeTokensFirst && this != KIMI_K2;
    }

    /** The section {@code pre_tokenizer} of a tokenizer.json. */
    Map<String, Object> section() {
        Map<String, Object> bytes = Map.of(
                "type", "ByteLevel", "add_prefix_space", false, "trim_offsets", false, "use_regex", patterns.isEmpty());
        if (patterns.isEmpty()) {
            return bytes;
        }
        List<Object> steps = new ArrayList<>();
        for (String pattern : patterns) {
            steps.add(Map.of(
                    "type", "Split", "pattern", Map.of("Regex", pattern), "behavior", "Isolated", "invert", false));
        }
        steps.add(bytes);
        return Map.of("type", "Sequence", "pretokenizers", steps);
    }
}
