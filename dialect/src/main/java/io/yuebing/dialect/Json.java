package io.yuebing.dialect;

import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The one JSON reader and writer of every HTTP surface. */
public final class Json {
    /** Numbers with a point stay decimal, so that a {@code float} written by a peer is read back with the same bits. */
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final JsonMapper PLAIN = JsonMapper.builder().build();

    private Json() {}

    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    public static ArrayNode array() {
        return MAPPER.createArrayNode();
    }

    /**
     * Reads one JSON value.
     *
     * @throws JacksonException if the bytes are not one JSON value in UTF-8
     */
    public static JsonNode read(byte[] utf8) {
        return MAPPER.readTree(utf8);
    }

    public static byte[] bytes(JsonNode value) {
        return MAPPER.writeValueAsBytes(value);
    }

    static void write(JsonNode value, OutputStream out) {
        MAPPER.writeValue(out, value);
    }

    /** A JSON object as the plain maps, lists, strings and numbers that a chat template works on. */
    static Map<String, Object> toMap(JsonNode object) {
        return PLAIN.convertValue(plainNumbers(object), new TypeReference<Map<String, Object>>() {});
    }

    /** A JSON array as a list of plain values. */
    static List<Object> toList(JsonNode array) {
        return PLAIN.convertValue(plainNumbers(array), new TypeReference<List<Object>>() {});
    }

    private static JsonNode plainNumbers(JsonNode node) {
        return PLAIN.readTree(MAPPER.writeValueAsBytes(node));
    }

    /** Where a malformed document is broken and why, in one sentence without Jackson's own vocabulary around it. */
    static String complaint(JacksonException e) {
        String why = e.getOriginalMessage()
                .lines()
                .findFirst()
                .orElse("malformed")
                .replaceFirst(" \\(start marker at.*|: enable `.*", "");
        TokenStreamLocation at = e.getLocation();
        return at == null
                ? "The request body is not valid JSON: " + why
                : "The request body is not valid JSON at line " + at.getLineNr() + ", column " + at.getColumnNr() + ": "
                        + why;
    }
}
