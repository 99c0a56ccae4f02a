package io.yuebing.text;

import io.yuebing.api.UserError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Tells a {@code tiktoken.model}, as Kimi's models have it, in the form of the tokenizer.json that gives the same ids.
 *
 * <pre>
 * one line for each token:  base64 of its bytes, a space, its rank, which is its id
 * </pre>
 *
 * <p>tiktoken merges the neighbours that together are the token of the lowest rank. When it makes a token, all that could
 * be merged at lower ranks within it has been; what is left is always the same two parts, whatever stands around. So one
 * merge for each token says the same. A piece of text that is a token is taken whole, in tiktoken and with {@code
 * ignore_merges}.
 */
final class TiktokenText {
    static final String FILE = "tiktoken.model";

    /** Ids behind the ranks that the models' tokenizer keeps for tokens with a name. */
    private static final int RESERVED = 256;

    /** The class in the models' folders that says how text is cut; its rules are {@link PreTokenizer#KIMI_K2}. */
    private static final String TOKENIZER_CLASS = "TikTokenTokenizer";

    private final String file;

    /** Ranks by token, lowest first; a character is a byte. */
    private final Map<String, Integer> ranks;

    private TiktokenText(String file, String text) {
        this.file = file;
        this.ranks = ranks(text);
    }

    /**
     * Makes the tokenizer.json.
     *
     * @param file what errors call it
     * @param text its contents
     * @param config tokenizer_config.json, which names the tokens that have no rank
     * @param configFile what errors call that
     * @throws UserError if the file is damaged or its tokenizer is another one than Kimi's
     */
    static String tokenizerJson(String file, String text, JsonNode config, String configFile) {
        JsonNode own = config.path("auto_map").path("AutoTokenizer").path(0);
        String name = own.asString(config.path("tokenizer_class").asString("none"));
        if (!name.substring(name.lastIndexOf('.') + 1).equals(TOKENIZER_CLASS)) {
            throw new UserError(configFile + ": the tokenizer class beside " + file + " is '" + name
                    + "', expected Kimi's " + TOKENIZER_CLASS + "; convert the tokenizer to tokenizer.json with"
                    + " transformers.");
        }
        TiktokenText model = new TiktokenText(file, text);
        return TokenizerFile.JSON.writeValueAsString(model.sections(config.path("added_tokens_decoder"), configFile));
    }

    private Map<String, Integer> ranks(String text) {
        List<String> lines = text.lines().filter(line -> !line.isEmpty()).toList();
        List<String> tokens = new ArrayList<>(Collections.nCopies(lines.size(), ""));
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            int space = line.indexOf(' ');
            try {
                byte[] bytes = Base64.getDecoder().decode(line.substring(0, Math.max(space, 0)));
                int rank = Integer.parseInt(line.substring(space + 1).strip());
                if (bytes.length == 0
                        || rank < 0
                        || rank >= lines.size()
                        || !tokens.get(rank).isEmpty()) {
                    throw damaged(i, line, lines.size());
                }
                tokens.set(rank, new String(bytes, StandardCharsets.ISO_8859_1));
            } catch (IllegalArgumentException e) {
                throw damaged(i, line, lines.size());
            }
        }
        Map<String, Integer> found = new LinkedHashMap<>();
        for (String token : tokens) {
            if (found.putIfAbsent(token, found.size()) != null) {
                throw new UserError(file + ": ranks " + found.get(token) + " and " + found.size()
                        + " have the same token; fetch the file again.");
            }
        }
        for (int b = 0; b < 256; b++) {
            if (!found.containsKey(Character.toString(b))) {
                throw new UserError(file + ": there is no token for byte " + b + ", so not every text has ids; expected"
                        + " all 256; fetch the file again.");
            }
        }
        return found;
    }

    private UserError damaged(int line, String found, int lines) {
        return new UserError(
                "%s: line %d must be the base64 of a token, a space and a rank below %d that no other has, found '%s'; fetch the file again."
                        .formatted(
                                file, line + 1, lines, found.length() > 40 ? found.substring(0, 40) + "..." : found));
    }

    private Map<String, Object> sections(JsonNode named, String configFile) {
        Map<String, Integer> vocabulary = new LinkedHashMap<>();
        List<String> merges = new ArrayList<>();
        ranks.forEach((token, rank) -> {
            vocabulary.put(spelling(token), rank);
            split(token, rank)
                    .ifPresent(
                            at -> merges.add(spelling(token.substring(0, at)) + " " + spelling(token.substring(at))));
        });
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        model.put("ignore_merges", PreTokenizer.KIMI_K2.wholeTokensFirst());
        model.put("vocab", vocabulary);
        model.put("merges", merges);
        Map<String, Object> sections = new LinkedHashMap<>();
        sections.put("version", "1.0");
        sections.put("added_tokens", addedTokens(named, configFile));
        sections.put("pre_tokenizer", PreTokenizer.KIMI_K2.section());
        sections.put(
                "decoder",
                Map.of("type", "ByteLevel", "add_prefix_space", true, "trim_offsets", true, "use_regex", true));
        sections.put("model", model);
        return sections;
    }

    /** Every byte as the character that stands for it in byte-level vocabularies. */
    private static String spelling(String token) {
        StringBuilder spelling = new StringBuilder(token.length());
        for (int i = 0; i < token.length(); i++) {
            spelling.append(TokenDecoder.characterOfByte(token.charAt(i)));
        }
        return spelling.toString();
    }

    /** Where the second of the two parts begins that a token is made of; empty for a byte and what no merge makes. */
    private Optional<Integer> split(String token, int rank) {
        List<String> parts =
                new ArrayList<>(token.chars().mapToObj(Character::toString).toList());
        while (parts.size() > 1) {
            int best = -1;
            int lowest = rank;
            for (int i = 0; i + 1 < parts.size(); i++) {
                int merged = ranks.getOrDefault(parts.get(i) + parts.get(i + 1), Integer.MAX_VALUE);
                if (merged < lowest) {
                    best = i;
                    lowest = merged;
                }
            }
            if (best < 0) {
                break;
            }
            parts.set(best, parts.get(best) + parts.remove(best + 1));
        }
        return parts.size() == 2 ? Optional.of(parts.getFirst().length()) : Optional.empty();
    }

    private List<Map<String, Object>> addedTokens(JsonNode named, String configFile) {
        List<Map<String, Object>> added = new ArrayList<>();
        for (Map.Entry<String, JsonNode> token : named.properties()) {
            if (!token.getKey().matches("\\d{1,9}") || Integer.parseInt(token.getKey()) < ranks.size()) {
                throw new UserError(configFile + ": added_tokens_decoder has the id '" + token.getKey()
                        + "', expected a number from " + ranks.size() + " on, behind the ranks of " + file + ".");
            }
        }
        for (int id = ranks.size(); id < ranks.size() + RESERVED; id++) {
            JsonNode token = named.path(Integer.toString(id));
            added.add(Map.of(
                    "id", id,
                    "content", token.path("content").asString("<|reserved_token_" + id + "|>"),
                    "single_word", false,
                    "lstrip", false,
                    "rstrip", false,
                    "normalized", false,
                    "special", true)); // to tiktoken they all are, whatever the configuration says
        }
        return added;
    }
}
