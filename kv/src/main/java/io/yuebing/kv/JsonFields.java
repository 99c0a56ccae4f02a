package io.yuebing.kv;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/** The fields of a JSON object, read by name and type; each mistake is one sentence that names the field. */
final class JsonFields {
    private final String what;
    private final JsonNode object;
    private final Set<String> read = new TreeSet<>();

    /** @param what the object is to people, for example {@code KV layout} */
    JsonFields(String what, JsonNode object) {
        this.what = what;
        this.object = object;
        if (!object.isObject()) {
            throw new IllegalArgumentException("a " + what + " that is not a JSON object but " + shortened(object));
        }
    }

    boolean has(String name) {
        return object.has(name);
    }

    JsonNode field(String name) {
        return optional(name)
                .orElseThrow(() -> new IllegalArgumentException("a " + what + " without the field '" + name + "'"));
    }

    Optional<JsonNode> optional(String name) {
        read.add(name);
        return Optional.ofNullable(object.get(name));
    }

    JsonFields object(String name) {
        return new JsonFields(what + " field '" + name + "'", field(name));
    }

    String text(String name) {
        return text(name, field(name));
    }

    String text(String name, JsonNode value) {
        if (!value.isString()) {
            throw mistyped(name, "a text", value);
        }
        return value.stringValue();
    }

    long integer(String name) {
        return integer(name, field(name));
    }

    long integer(String name, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw mistyped(name, "an integer", value);
        }
        return value.longValue();
    }

    int count(String name) {
        return count(name, field(name));
    }

    int count(String name, JsonNode value) {
        long count = integer(name, value);
        if (count <= 0 || count > Integer.MAX_VALUE) {
            throw mistyped(name, "an integer from 1 to " + Integer.MAX_VALUE, value);
        }
        return (int) count;
    }

    int count(String name, int fallback) {
        return optional(name).map(value -> count(name, value)).orElse(fallback);
    }

    <T> List<T> list(String name, Function<JsonNode, T> element) {
        JsonNode value = field(name);
        if (!value.isArray()) {
            throw mistyped(name, "a list", value);
        }
        List<T> list = new ArrayList<>();
        value.forEach(each -> list.add(element.apply(each)));
        return list;
    }

    Range range(String name) {
        JsonFields range = object(name);
        long from = range.integer("from");
        long to = range.integer("to");
        range.nothingElse();
        if (from < 0 || to <= from || to > Integer.MAX_VALUE) {
            throw mistyped(name, "a range with 0 <= from < to", field(name));
        }
        return new Range((int) from, (int) to);
    }

    <E extends Enum<E>> E constant(String name, E[] constants, JsonNode value) {
        String text = text(name, value);
        for (E constant : constants) {
            if (constant.name().toLowerCase(Locale.ROOT).equals(text)) {
                return constant;
            }
        }
        throw unknown(
                name,
                text,
                List.of(constants).stream()
                        .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                        .toList());
    }

    IllegalArgumentException unknown(String name, String found, Collection<String> known) {
        return new IllegalArgumentException("a " + what + " whose field '" + name + "' holds the unknown '" + found
                + "'; one of " + String.join(", ", known));
    }

    IllegalArgumentException mistyped(String name, String expected, JsonNode found) {
        return new IllegalArgumentException(
                "a " + what + " whose field '" + name + "' should be " + expected + " and is " + shortened(found));
    }

    private static String shortened(JsonNode value) {
        String text = value.toString();
        return text.length() <= 60 ? text : text.substring(0, 57) + "...";
    }

    /** Refuses fields that nobody has asked for. */
    void nothingElse() {
        object.propertyNames().stream()
                .filter(name -> !read.contains(name))
                .findFirst()
                .ifPresent(name -> {
                    throw new IllegalArgumentException("a " + what + " with the unknown field '" + name
                            + "'; known here: " + String.join(", ", read));
                });
    }
}
