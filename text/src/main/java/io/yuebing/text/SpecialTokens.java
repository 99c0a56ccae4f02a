package io.yuebing.text;

import io.yuebing.api.UserError;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** The named special tokens of a model directory ({@code bos_token} and so on), as chat templates see them. */
final class SpecialTokens {
    private static final List<String> NAMES =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private SpecialTokens() {}

    /**
     * Reads {@code tokenizer_config.json}, and {@code special_tokens_map.json} where the former is of the old kind
     * that does not list the added tokens: the order in which transformers trusts them.
     */
    static Map<String, Object> read(TextFiles files) {
        JsonNode config = json(files, "tokenizer_config.json");
        Map<String, Object> tokens = new LinkedHashMap<>();
        collect(config, tokens);
        if (!config.has("added_tokens_decoder")) {
            collect(json(files, "special_tokens_map.json"), tokens);
        }
        return tokens;
    }

    private static void collect(JsonNode source, Map<String, Object> tokens) {
        for (String name : NAMES) {
            String content = content(source.path(name));
            if (!content.isEmpty()) {
                tokens.put(name, content);
            }
        }
        if (source.path("additional_special_tokens").isArray()) {
            List<String> additional = new ArrayList<>();
            source.path("additional_special_tokens").forEach(token -> additional.add(content(token)));
            tokens.put("additional_special_tokens", additional);
        }
    }

    /** A token is a string or an object that describes how it is matched. */
    private static String content(JsonNode token) {
        return token.isObject() ? token.path("content").asString("") : token.asString("");
    }

    /** A JSON file of the model; an empty object where there is none. */
    static JsonNode json(TextFiles files, String name) {
        Optional<String> text = files.find(name);
        if (text.isEmpty()) {
            return TokenizerFile.JSON.createObjectNode();
        }
        try {
            JsonNode node = TokenizerFile.JSON.readTree(text.get());
            if (!node.isObject()) {
                throw new UserError(files.origin(name) + " holds " + node.getNodeType() + ", expected a JSON object.");
            }
            return node;
        } catch (JacksonException e) {
            throw TokenizerFile.notJson(files.origin(name), e);
        }
    }
}
