package io.yuebing.text;

import io.yuebing.api.UserError;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * What the {@code decoder} section of a {@code tokenizer.json} makes of one token.
 *
 * <p>Two families exist among language models. In <em>byte-level</em> vocabularies (GPT-2, Qwen, Llama 3) every character
 * of a token stands for a byte, and the text is the UTF-8 of all bytes. In <em>SentencePiece-like</em> ones (Llama 2,
 * Mistral, Gemma) a token is text with {@code ▁} for a space, and {@code <0xE4>} is a byte for what the vocabulary lacks.
 *
 * @param byteLevel whether every token is bytes
 * @param byteFallback whether tokens of the form {@code <0xE4>} are bytes
 * @param replacements text replaced in each token, in order
 * @param leadingToStrip how many leading {@code stripped} characters the whole text loses
 * @param stripped the character that {@code leadingToStrip} counts
 * @param firstLoses text that the first token loses before anything else; empty for none
 */
record TokenDecoder(
        boolean byteLevel,
        boolean byteFallback,
        List<Replacement> replacements,
        int leadingToStrip,
        char stripped,
        String firstLoses) {

    record Replacement(String pattern, String content) {}

    private static final Map<Integer, Integer> BYTE_OF_CHARACTER = byteOfCharacter();
    private static final char[] CHARACTER_OF_BYTE = characterOfByte();

    /**
     * Reads the {@code decoder} section.
     *
     * @throws UserError for a decoder that no generative model in use has
     */
    static TokenDecoder of(JsonNode section, String file) {
        TokenDecoder decoder = new TokenDecoder(false, false, List.of(), 0, ' ', "");
        List<JsonNode> steps = section.path("type").asString("").equals("Sequence")
                ? section.path("decoders").values().stream().toList()
                : List.of(section);
        boolean fused = false;
        for (JsonNode step : steps) {
            String type = step.path("type").asString("");
            if (type.equals("Strip") && !fused) {
                // It would take characters from every token, not from the text.
                throw unsupported("Strip without a Fuse before it", file);
            }
            fused |= type.equals("Fuse");
            decoder = decoder.with(step, file);
        }
        return decoder;
    }

    private TokenDecoder with(JsonNode step, String file) {
        return switch (step.path("type").asString("")) {
            case "ByteLevel" ->
                new TokenDecoder(true, byteFallback, replacements, leadingToStrip, stripped, firstLoses);
            case "ByteFallback" ->
                new TokenDecoder(byteLevel, true, replacements, leadingToStrip, stripped, firstLoses);
            case "Fuse" -> this;
            case "Replace" -> {
                if (!step.path("pattern").path("String").isString()) {
                    throw unsupported("Replace with pattern " + step.path("pattern"), file);
                }
                yield replacing(
                        step.path("pattern").path("String").asString(),
                        step.path("content").asString(""),
                        firstLoses);
            }
            case "Metaspace" -> {
                String space = step.path("replacement").asString("▁");
                boolean keepsFirst =
                        step.path("prepend_scheme").asString("always").equals("never")
                                || !step.path("add_prefix_space").asBoolean(true);
                yield replacing(space, " ", keepsFirst ? "" : space);
            }
            case "Strip" -> {
                if (step.path("stop").asInt(0) != 0) {
                    throw unsupported("Strip at the end", file);
                }
                yield new TokenDecoder(
                        byteLevel,
                        byteFallback,
                        replacements,
                        step.path("start").asInt(0),
                        step.path("content").asString(" ").charAt(0),
                        firstLoses);
            }
            default -> throw unsupported(step.path("type").asString("none"), file);
        };
    }

    private TokenDecoder replacing(String pattern, String content, String lost) {
        List<Replacement> all = new ArrayList<>(replacements);
        all.add(new Replacement(pattern, content));
        return new TokenDecoder(byteLevel, byteFallback, List.copyOf(all), leadingToStrip, stripped, lost);
    }

    private static UserError unsupported(String what, String file) {
        return new UserError(
                file + ": the decoder '" + what
                        + "' is not supported; expected ByteLevel, Metaspace, or a sequence of Replace, ByteFallback, Fuse and Strip.");
    }

    /** Whether the token is one byte of a character that the vocabulary lacks. */
    boolean isFallbackByte(String token) {
        return byteFallback
                && token.length() == 6
                && token.startsWith("<0x")
                && token.endsWith(">")
                && Character.digit(token.charAt(3), 16) >= 0
                && Character.digit(token.charAt(4), 16) >= 0;
    }

    /** The bytes that the token adds to a text that it does not begin. */
    byte[] bytes(String token) {
        if (byteLevel) {
            return levelBytes(token);
        }
        if (isFallbackByte(token)) {
            return new byte[] {(byte) Integer.parseInt(token, 3, 5, 16)};
        }
        return text(token).getBytes(StandardCharsets.UTF_8);
    }

    /** The text of a token of a SentencePiece-like vocabulary that is not a byte. */
    String text(String token) {
        String text = token;
        for (Replacement replacement : replacements) {
            text = text.replace(replacement.pattern(), replacement.content());
        }
        return text;
    }

    private static byte[] levelBytes(String token) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(token.length());
        for (int i = 0; i < token.length(); i++) {
            Integer b = BYTE_OF_CHARACTER.get((int) token.charAt(i));
            if (b == null) {
                // A character outside the alphabet: an added token such as <｜User｜>, which stands for itself.
                return token.getBytes(StandardCharsets.UTF_8);
            }
            bytes.write(b);
        }
        return bytes.toByteArray();
    }

    /** GPT-2's alphabet: printable Latin-1 bytes stand for themselves, the others for U+0100 and up, in order. */
    private static Map<Integer, Integer> byteOfCharacter() {
        Map<Integer, Integer> alphabet = new HashMap<>();
        int next = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            alphabet.put(printable ? b : next++, b);
        }
        return alphabet;
    }

    private static char[] characterOfByte() {
        char[] characters = new char[256];
        BYTE_OF_CHARACTER.forEach((character, b) -> characters[b] = (char) character.intValue());
        return characters;
    }

    /** The character that stands for a byte, 0 to 255, in byte-level vocabularies. */
    static char characterOfByte(int b) {
        return CHARACTER_OF_BYTE[b];
    }
}
