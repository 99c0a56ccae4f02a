package io.yuebing.model.json;

import io.yuebing.api.Shown;
import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A JSON object of a model's file, read field by field with errors that name file and field.
 *
 * <p>A field that is {@code null} counts as absent, as in the files that transformers writes.
 */
public final class JsonObject {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Larger files are no configuration; tokenizer_config.json of public models reaches some hundred kilobytes. */
    private static final long MAX_FILE_BYTES = 64L << 20;

    private static final int SHOWN_BYTES = 240;

    private final String file;
    private final String path;
    private final JsonNode node;

    private JsonObject(String file, String path, JsonNode node) {
        this.file = file;
        this.path = path;
        this.node = node;
    }

    /**
     * Reads a file.
     *
     * @throws UserError if it is missing, unreadable or not one JSON object
     */
    public static JsonObject read(Path file) {
        try {
            long size = Files.size(file);
            if (size > MAX_FILE_BYTES) {
                throw new UserError(
                        file + " has " + size + " bytes; expected a JSON file of at most " + MAX_FILE_BYTES);
            }
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new UserError(file + " does not exist; a Hugging Face style model directory has it", e);
        } catch (IOException e) {
            throw new UserError("cannot read " + file + ": " + e, e);
        }
    }

    /** Reads a file that need not exist. */
    public static Optional<JsonObject> readIfPresent(Path file) {
        return Files.isRegularFile(file) ? Optional.of(read(file)) : Optional.empty();
    }

    /**
     * Parses bytes.
     *
     * @param origin what the errors name, a file
     * @throws UserError if they are not one JSON object
     */
    public static JsonObject parse(String origin, byte[] utf8) {
        try {
            JsonNode node = MAPPER.readTree(utf8);
            if (node == null || !node.isObject()) {
                throw new UserError(origin + ": expected a JSON object, found " + shown(utf8));
            }
            return new JsonObject(origin, "", node);
        } catch (JacksonException e) {
            throw new UserError(
                    origin + ": not valid JSON: "
                            + e.getOriginalMessage().lines().findFirst().orElse("parse error")
                            + " at byte "
                            + (e.getLocation() == null ? 0 : e.getLocation().getByteOffset()),
                    e);
        }
    }

    /** The file that this object comes from. */
    public String file() {
        return file;
    }

    public boolean has(String field) {
        return find(field).isPresent();
    }

    public Set<String> fields() {
        return new LinkedHashSet<>(node.propertyNames());
    }

    /** A whole number within {@code [least, most]} that must be there. */
    public int integer(String field, int least, int most) {
        return integerIfPresent(field, least, most).orElseThrow(() -> missing(field));
    }

    /** A whole number within {@code [least, most]}. */
    public OptionalInt integerIfPresent(String field, int least, int most) {
        Optional<JsonNode> value = find(field);
        return value.isEmpty() ? OptionalInt.empty() : OptionalInt.of(integer(value.get(), field, least, most));
    }

    /** A finite number within {@code [least, most]}. */
    public OptionalDouble number(String field, double least, double most) {
        Optional<JsonNode> value = find(field);
        if (value.isEmpty()) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(number(value.get(), field, least, most));
    }

    private double number(JsonNode value, String field, double least, double most) {
        double number = value.isNumber() ? value.asDouble() : Double.NaN;
        if (!(number >= least && number <= most)) {
            throw wrong(field, "a number in [" + least + ", " + most + "]", value);
        }
        return number;
    }

    public Optional<Boolean> bool(String field) {
        return find(field).map(value -> {
            if (!value.isBoolean()) {
                throw wrong(field, "true or false", value);
            }
            return value.asBoolean();
        });
    }

    public Optional<String> text(String field) {
        return find(field).map(value -> {
            if (!value.isString()) {
                throw wrong(field, "a string", value);
            }
            return value.asString();
        });
    }

    public Optional<JsonObject> object(String field) {
        return find(field).map(value -> {
            if (!value.isObject()) {
                throw wrong(field, "an object", value);
            }
            return new JsonObject(file, path + field + ".", value);
        });
    }

    /** A list of strings. */
    public Optional<List<String>> texts(String field) {
        return find(field).map(value -> {
            List<String> texts = new ArrayList<>();
            for (JsonNode element : array(field, value)) {
                if (!element.isString()) {
                    throw wrong(field, "a list of strings", value);
                }
                texts.add(element.asString());
            }
            return texts;
        });
    }

    /** A whole number or a list of them; empty if absent. */
    public List<Integer> integers(String field, int least, int most) {
        Optional<JsonNode> value = find(field);
        List<Integer> integers = new ArrayList<>();
        if (value.isPresent() && value.get().isArray()) {
            value.get().forEach(element -> integers.add(integer(element, field, least, most)));
        } else {
            value.ifPresent(element -> integers.add(integer(element, field, least, most)));
        }
        return integers;
    }

    /** A list of finite numbers within {@code [least, most]} that must be there. */
    public List<Double> numbers(String field, double least, double most) {
        JsonNode value = find(field).orElseThrow(() -> missing(field));
        List<Double> numbers = new ArrayList<>();
        for (JsonNode element : array(field, value)) {
            numbers.add(number(element, field, least, most));
        }
        return numbers;
    }

    /** A list of whole numbers of at least 0 that must be there. */
    public long[] longs(String field) {
        JsonNode value = find(field).orElseThrow(() -> missing(field));
        JsonNode array = array(field, value);
        long[] longs = new long[array.size()];
        for (int i = 0; i < longs.length; i++) {
            JsonNode element = array.get(i);
            if (!element.isIntegralNumber() || !element.canConvertToLong() || element.asLong() < 0) {
                throw wrong(field, "a list of whole numbers of at least 0", value);
            }
            longs[i] = element.asLong();
        }
        return longs;
    }

    /** The error of a field that has to be there. */
    public UserError missing(String field) {
        return new UserError(file + ": " + path + field + " is missing");
    }

    private JsonNode array(String field, JsonNode value) {
        if (!value.isArray()) {
            throw wrong(field, "a list", value);
        }
        return value;
    }

    private int integer(JsonNode value, String field, int least, int most) {
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() < least || value.asLong() > most) {
            throw wrong(field, "a whole number in [" + least + ", " + most + "]", value);
        }
        return (int) value.asLong();
    }

    private UserError wrong(String field, String expected, JsonNode found) {
        return new UserError(
                file + ": " + path + field + " must be " + expected + ", found " + Shown.of(found.toString()));
    }

    private Optional<JsonNode> find(String field) {
        JsonNode value = node.get(field);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    private static String shown(byte[] utf8) {
        return utf8.length == 0
                ? "nothing"
                : Shown.of(new String(utf8, 0, Math.min(utf8.length, SHOWN_BYTES), StandardCharsets.UTF_8));
    }
}
