package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Float;
import io.yuebing.text.jinja.Value.Function;
import io.yuebing.text.jinja.Value.Instance;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Num;
import io.yuebing.text.jinja.Value.Range;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Stream;
import io.yuebing.text.jinja.Value.Undefined;
import io.yuebing.text.jinja.Value.View;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Attributes and items as Jinja's sandbox looks them up: {@code a.b} prefers Python's attributes, {@code a['b']} items,
 * and each falls back to the other.
 */
final class Attributes {
    private static final Set<String> DICT_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");

    private Attributes() {}

    /** {@code object.name}. */
    static Value attribute(Value object, String name) {
        if (object instanceof Undefined u) {
            throw u.failure();
        }
        Value member = member(object, name);
        if (member != null) {
            return member;
        }
        Value item = Operators.item(object, Str.of(name));
        return item != null ? item : missing(object, Str.of(name));
    }

    /** {@code object[key]}. */
    static Value item(Value object, Value key) {
        Value item = Operators.item(object, key);
        if (item == null && key instanceof Str name) {
            item = member(object, name.text());
        }
        return item != null ? item : missing(object, key);
    }

    private static Undefined missing(Value object, Value key) {
        String owner = object == None.NONE ? "None" : Operators.typeName(object) + " object";
        return new Undefined(
                key instanceof Str name
                        ? "'" + owner + "' has no attribute '" + name.text() + "'"
                        : owner + " has no element " + Representation.repr(key));
    }

    /** What Python's {@code getattr} finds; null if nothing. */
    static @Nullable Value member(Value object, String name) {
        return switch (object) {
            case Dict d -> dictMember(d, name);
            case Seq s -> seqMember(s, name);
            case Str s -> TextMethods.find(s, name);
            case Int i
            when name.equals("bit_length") ->
                new Function(name, arguments -> Int.of(i.number().bitLength()));
            case Float f
            when name.equals("is_integer") ->
                new Function(name, arguments -> Value.Bool.of(Math.rint(f.number()) == f.number()));
            case Instance i -> i.attribute(name);
            case Undefined u -> throw u.failure();
            case None n -> null;
            case Num n -> null;
            case Range r -> null;
            case View v -> null;
            case Stream s -> null;
        };
    }

    private static Undefined denied(Value object, String name) {
        return new Undefined(
                "access to attribute '%s' of '%s' object is unsafe.".formatted(name, Operators.typeName(object)));
    }

    private static @Nullable Value dictMember(Dict dict, String name) {
        if (DICT_CHANGES.contains(name)) {
            return denied(dict, name);
        }
        return switch (name) {
            case "items" -> new Function(name, arguments -> new View("dict_items", dict.pairs()));
            case "keys" ->
                new Function(
                        name,
                        arguments ->
                                new View("dict_keys", List.copyOf(dict.entries().keySet())));
            case "values" ->
                new Function(
                        name,
                        arguments -> new View(
                                "dict_values", List.copyOf(dict.entries().values())));
            case "copy" -> new Function(name, arguments -> dict);
            case "get" ->
                new Function(name, arguments -> {
                    Arguments.Bound bound = arguments.bind("get", "key", "default");
                    Value found = dict.entries().get(Operators.hashable(bound.required("key")));
                    return found != null ? found : bound.or("default", None.NONE);
                });
            case "fromkeys" -> new Function(name, Attributes::fromKeys);
            default -> null;
        };
    }

    private static Value fromKeys(Arguments arguments) {
        Arguments.Bound bound = arguments.bind("fromkeys", "iterable", "value");
        Map<Value, Value> entries = new LinkedHashMap<>();
        for (Value key : Operators.toList(bound.required("iterable"))) {
            entries.put(Operators.hashable(key), bound.or("value", None.NONE));
        }
        return new Dict(Collections.unmodifiableMap(entries));
    }

    private static @Nullable Value seqMember(Seq seq, String name) {
        if (seq.kind() == Seq.Kind.LIST && LIST_CHANGES.contains(name)) {
            return denied(seq, name);
        }
        if (seq.kind() == Seq.Kind.GROUP && (name.equals("grouper") || name.equals("list"))) {
            return seq.items().get(name.equals("grouper") ? 0 : 1);
        }
        return switch (name) {
            case "copy" -> seq.kind() == Seq.Kind.LIST ? new Function(name, arguments -> seq) : null;
            case "count" ->
                new Function(name, arguments -> {
                    Value wanted = arguments.bind("count", "value").required("value");
                    return Int.of(seq.items().stream().filter(wanted::equals).count());
                });
            case "index" -> new Function(name, arguments -> index(seq, arguments));
            default -> null;
        };
    }

    private static Value index(Seq seq, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("index", "value", "start", "stop");
        int size = seq.items().size();
        int start = clamp(bound.integer("start", 0), size);
        int at = seq.items()
                .subList(start, Math.max(start, clamp(bound.integer("stop", size), size)))
                .indexOf(bound.required("value"));
        if (at < 0) {
            throw new JinjaException(Representation.repr(bound.required("value")) + " is not in list");
        }
        return Int.of((long) at + start);
    }

    /** A bound of a search, counted from the end if negative. */
    static int clamp(int index, int size) {
        return index < 0 ? (int) Math.max(0, (long) index + size) : Math.min(index, size);
    }
}
