package io.yuebing.gguf;

import io.yuebing.api.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** The metadata of a GGUF file, read key by key with errors that name file and key. */
public final class GgufMetadata {
    /** More tokens or merges than any vocabulary in use has. */
    private static final int MAX_ELEMENTS = 1 << 22;

    private final String file;
    private final Map<String, GgufValue> values;

    GgufMetadata(String file, Map<String, GgufValue> values) {
        this.file = file;
        this.values = values;
    }

    /** The file that the values come from. */
    public String file() {
        return file;
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    public Optional<String> text(String key) {
        return find(key).map(value -> {
            if (value instanceof GgufValue.Text(String text)) {
                return text;
            }
            throw wrong(key, "a string", value);
        });
    }

    /** A string that must be there. */
    public String requireText(String key) {
        return text(key).orElseThrow(() -> missing(key));
    }

    public Optional<Boolean> bool(String key) {
        return find(key).map(value -> {
            if (value instanceof GgufValue.Bool(boolean truth)) {
                return truth;
            }
            throw wrong(key, "true or false", value);
        });
    }

    /** A whole number within {@code [least, most]}. */
    public OptionalLong whole(String key, long least, long most) {
        Optional<GgufValue> value = find(key);
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        if (value.get() instanceof GgufValue.Whole(long number) && number >= least && number <= most) {
            return OptionalLong.of(number);
        }
        throw wrong(key, "a whole number in [" + least + ", " + most + "]", value.get());
    }

    /** The same for an {@code int}. */
    public OptionalInt integer(String key, int least, int most) {
        OptionalLong whole = whole(key, least, most);
        return whole.isPresent() ? OptionalInt.of((int) whole.getAsLong()) : OptionalInt.empty();
    }

    /** A finite number. */
    public OptionalDouble number(String key) {
        Optional<GgufValue> value = find(key);
        if (value.isEmpty()) {
            return OptionalDouble.empty();
        }
        return switch (value.get()) {
            case GgufValue.Real(double number) when Double.isFinite(number) -> OptionalDouble.of(number);
            case GgufValue.Whole(long number) -> OptionalDouble.of(number);
            case GgufValue.Real _, GgufValue.Text _, GgufValue.Bool _, GgufValue.Array _ ->
                throw wrong(key, "a finite number", value.get());
        };
    }

    /** A list of strings. */
    public Optional<List<String>> texts(String key) {
        return array(key).map(array -> {
            if (array.element() != ValueKind.TEXT) {
                throw wrong(key, "a list of strings", array);
            }
            GgufCursor cursor = cursor(array);
            List<String> texts = new ArrayList<>();
            for (long i = 0; i < array.count(); i++) {
                texts.add(cursor.text(key));
            }
            return texts;
        });
    }

    /** A list of whole numbers. */
    public Optional<long[]> wholes(String key) {
        return array(key).map(array -> {
            GgufCursor cursor = cursor(array);
            long[] wholes = new long[(int) array.count()];
            for (int i = 0; i < wholes.length; i++) {
                if (!(GgufReader.scalar(cursor, array.element(), key) instanceof GgufValue.Whole(long number))) {
                    throw wrong(key, "a list of whole numbers", array);
                }
                wholes[i] = number;
            }
            return wholes;
        });
    }

    /** A list of finite or infinite numbers. */
    public Optional<float[]> floats(String key) {
        return array(key).map(array -> {
            if (array.element() != ValueKind.F32) {
                throw wrong(key, "a list of 32-bit floats", array);
            }
            GgufCursor cursor = cursor(array);
            float[] floats = new float[(int) array.count()];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = Float.intBitsToFloat(cursor.i32(key));
            }
            return floats;
        });
    }

    /** Whether the value is a list. */
    public boolean isList(String key) {
        return values.get(key) instanceof GgufValue.Array;
    }

    /** The error of a key that has to be there. */
    public UserError missing(String key) {
        return new UserError(file + ": metadata key " + key + " is missing");
    }

    private Optional<GgufValue.Array> array(String key) {
        return find(key).map(value -> {
            if (!(value instanceof GgufValue.Array array)) {
                throw wrong(key, "a list", value);
            }
            if (array.count() > MAX_ELEMENTS) {
                throw wrong(key, "a list of at most " + MAX_ELEMENTS, value);
            }
            return array;
        });
    }

    private GgufCursor cursor(GgufValue.Array array) {
        return new GgufCursor(Path.of(file), array.elements(), 0);
    }

    private UserError wrong(String key, String expected, GgufValue found) {
        return new UserError(file + ": metadata key " + key + " must be " + expected + ", found " + found.describe());
    }

    private Optional<GgufValue> find(String key) {
        return Optional.ofNullable(values.get(key));
    }
}
