package io.yuebing.answer.tools;

import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Reads and writes the small JSON values that arguments are made of. */
final class JsonText {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonText() {}

    static String quote(String text) {
        return MAPPER.writeValueAsString(text);
    }

    /** The text of a JSON string; the JSON itself if it is broken. */
    static String unquote(String json) {
        try {
            return MAPPER.readValue(json, String.class);
        } catch (JacksonException e) {
            return json;
        }
    }

    /** The value as it stands, if it is JSON. */
    static Optional<String> valid(String text) {
        try {
            return MAPPER.readTree(text).isMissingNode() ? Optional.empty() : Optional.of(text);
        } catch (JacksonException e) {
            return Optional.empty();
        }
    }
}
