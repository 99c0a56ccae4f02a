package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Bool;
import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Float;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's {@code json.dumps}, which transformers gives to templates as {@code tojson}. */
final class Json {
    private final StringBuilder out = new StringBuilder();
    private final boolean ascii;
    private final boolean sortKeys;
    private final @Nullable String indent;
    private final String itemSeparator;
    private final String keySeparator;

    private Json(Arguments.Bound options) {
        ascii = options.flag("ensure_ascii");
        sortKeys = options.flag("sort_keys");
        Value width = options.given("indent");
        indent = width == null ? null : width instanceof Str s ? s.text() : spaces(Numbers.toIndex(width));
        Value separators = options.given("separators");
        if (separators == null) {
            itemSeparator = indent == null ? ", " : ",";
            keySeparator = ": ";
        } else {
            List<Value> pair = Operators.toList(separators);
            if (pair.size() != 2) {
                throw new JinjaException("tojson takes two separators, got " + pair.size());
            }
            itemSeparator = Representation.str(pair.get(0));
            keySeparator = Representation.str(pair.get(1));
        }
    }

    private static String spaces(int width) {
        Limits.checkText(width);
        return " ".repeat(Math.max(0, width));
    }

    /** The filter {@code tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)}. */
    static Value filter(Value value, Arguments arguments) {
        Json json = new Json(arguments.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys"));
        json.append(value, 0);
        return Str.of(json.out.toString());
    }

    private void append(Value value, int depth) {
        Limits.checkText(out.length());
        switch (value) {
            case None n -> out.append("null");
            case Bool b -> out.append(b.isTrue());
            case Int i -> out.append(i.number());
            case Float f -> out.append(number(f.number()));
            case Str s -> appendString(s.text());
            case Seq s -> appendSeq(s.items(), depth);
            case Dict d -> appendDict(d, depth);
            default ->
                throw new JinjaException("Object of type " + Operators.typeName(value) + " is not JSON serializable");
        }
    }

    private static String number(double number) {
        if (Double.isNaN(number)) {
            return "NaN";
        }
        return Double.isInfinite(number) ? number < 0 ? "-Infinity" : "Infinity" : Numbers.repr(number);
    }

    private void appendSeq(List<Value> items, int depth) {
        if (items.isEmpty()) {
            out.append("[]");
            return;
        }
        out.append('[');
        for (int i = 0; i < items.size(); i++) {
            out.append(i == 0 ? "" : itemSeparator);
            newLine(depth + 1);
            append(items.get(i), depth + 1);
        }
        newLine(depth);
        out.append(']');
    }

    private void appendDict(Dict dict, int depth) {
        if (dict.entries().isEmpty()) {
            out.append("{}");
            return;
        }
        out.append('{');
        boolean first = true;
        for (Map.Entry<Value, Value> entry : ordered(dict).entrySet()) {
            out.append(first ? "" : itemSeparator);
            first = false;
            newLine(depth + 1);
            appendString(key(entry.getKey()));
            out.append(keySeparator);
            append(entry.getValue(), depth + 1);
        }
        newLine(depth);
        out.append('}');
    }

    private Map<Value, Value> ordered(Dict dict) {
        if (!sortKeys) {
            return dict.entries();
        }
        List<Value> keys = new ArrayList<>(dict.entries().keySet());
        Collections.sort(keys, (a, b) -> Operators.order(a, b, "<"));
        Map<Value, Value> sorted = new LinkedHashMap<>();
        for (Value key : keys) {
            sorted.put(key, dict.entries().getOrDefault(key, None.NONE));
        }
        return sorted;
    }

    private static String key(Value key) {
        return switch (key) {
            case Str s -> s.text();
            case None n -> "null";
            case Bool b -> String.valueOf(b.isTrue());
            case Int i -> i.number().toString();
            case Float f -> number(f.number());
            default ->
                throw new JinjaException("keys must be str, int, float, bool or None, not " + Operators.typeName(key));
        };
    }

    private void newLine(int depth) {
        if (indent != null) {
            out.append('\n').repeat(indent, depth);
        }
    }

    private void appendString(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < 0x20 || ascii && c > 0x7E) {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    /** Python's {@code ascii}: escapes what is not ASCII in a {@code repr}. */
    static String ascii(String repr) {
        StringBuilder out = new StringBuilder();
        repr.codePoints()
                .forEach(c -> out.append(
                        c < 0x80
                                ? Character.toString(c)
                                : (c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(c)));
        return out.toString();
    }
}
