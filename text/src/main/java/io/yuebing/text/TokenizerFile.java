package io.yuebing.text;

import io.yuebing.api.Shown;
import io.yuebing.api.UserError;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The parts of a {@code tokenizer.json} that decoding needs: the vocabulary, the added tokens, the decoder.
 *
 * <p>It is read as a stream that skips the merges, by far the largest part of the file.
 *
 * @param json the file without its decoder, for the native library: a decoder that it cannot read ends the process
 * @param tokens the token of each id; null where there is none
 * @param special ids of special tokens
 * @param decoder what a token says
 */
record TokenizerFile(String json, List<@Nullable String> tokens, BitSet special, TokenDecoder decoder) {

    /** Eight times the largest vocabularies in use: a wild id must not cost gigabytes. */
    private static final int MAX_ID = (1 << 21) - 1;

    static final JsonMapper JSON = new JsonMapper();

    /** @throws UserError if the file is missing or not a tokenizer */
    static TokenizerFile read(TextFiles files) {
        String file = files.origin("tokenizer.json");
        String json = files.find("tokenizer.json").orElseThrow(() -> new UserError(file + " is missing."));
        try (JsonParser parser = JSON.createParser(json)) {
            return parse(json, parser, file);
        } catch (JacksonException e) {
            throw notJson(file, e);
        }
    }

    static UserError notJson(String file, JacksonException e) {
        return new UserError(
                "%s is not valid JSON at line %d, column %d: %s; fetch the file again."
                        .formatted(
                                file,
                                e.getLocation().getLineNr(),
                                e.getLocation().getColumnNr(),
                                e.getOriginalMessage().replaceFirst(" \\(start marker at.*", "")),
                e);
    }

    private static TokenizerFile parse(String json, JsonParser parser, String file) {
        List<@Nullable String> tokens = new ArrayList<>();
        BitSet special = new BitSet();
        TokenDecoder decoder = null;
        StringBuilder without = new StringBuilder(json.length());
        int copied = 0;
        expect(parser.nextToken(), JsonToken.START_OBJECT, "", file);
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String section = parser.currentName();
            parser.nextToken();
            switch (section) {
                case "model" -> readModel(parser, tokens, file);
                case "added_tokens" -> readAddedTokens(parser.readValueAsTree(), tokens, special, file);
                case "decoder" -> {
                    without.append(json, copied, offset(parser.currentTokenLocation()))
                            .append("null");
                    decoder = TokenDecoder.of(parser.readValueAsTree(), file);
                    copied = offset(parser.currentLocation());
                }
                default -> parser.skipChildren();
            }
        }
        if (tokens.isEmpty()) {
            throw new UserError(file + " has no vocabulary: expected an object or a list at model.vocab.");
        }
        if (decoder == null) {
            throw new UserError(file + " has no section 'decoder', so tokens cannot be turned into text.");
        }
        return new TokenizerFile(without.append(json, copied, json.length()).toString(), tokens, special, decoder);
    }

    private static int offset(TokenStreamLocation at) {
        return Math.toIntExact(at.getCharOffset());
    }

    private static void readModel(JsonParser parser, List<@Nullable String> tokens, String file) {
        expect(parser.currentToken(), JsonToken.START_OBJECT, "model", file);
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            if (!field.equals("vocab")) {
                parser.skipChildren();
            } else if (value == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                    String token = parser.currentName();
                    expect(parser.nextToken(), JsonToken.VALUE_NUMBER_INT, "model.vocab", file);
                    put(tokens, parser.getIntValue(), token, file);
                }
            } else {
                readUnigramVocabulary(parser.readValueAsTree(), tokens, file);
            }
        }
    }

    /** Unigram models list {@code [token, score]} in the order of the ids. */
    private static void readUnigramVocabulary(JsonNode list, List<@Nullable String> tokens, String file) {
        int id = 0;
        for (JsonNode entry : list) {
            put(tokens, id++, entry.path(0).asString(), file);
        }
    }

    private static void readAddedTokens(JsonNode list, List<@Nullable String> tokens, BitSet special, String file) {
        for (JsonNode token : list) {
            int id = token.path("id").asInt(-1);
            put(tokens, id, token.path("content").asString(""), file);
            special.set(id, token.path("special").asBoolean(false));
        }
    }

    private static void put(List<@Nullable String> tokens, int id, String token, String file) {
        if (id < 0 || id > MAX_ID) {
            throw new UserError(
                    file + ": token '" + Shown.of(token) + "' has the id " + id + ", expected 0 to " + MAX_ID + ".");
        }
        while (tokens.size() <= id) {
            tokens.add(null);
        }
        tokens.set(id, token);
    }

    private static void expect(@Nullable JsonToken found, JsonToken expected, String where, String file) {
        if (found != expected) {
            throw new UserError(
                    "%s: expected %s at '%s', found %s; fetch the file again.".formatted(file, expected, where, found));
        }
    }
}
