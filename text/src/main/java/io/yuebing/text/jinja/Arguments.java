package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Str;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What a function, filter or test was called with. */
record Arguments(List<Value> positional, Map<String, Value> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(Value... positional) {
        return new Arguments(List.of(positional), Map.of());
    }

    /** The same without the first {@code n} positional ones. */
    Arguments from(int n) {
        return new Arguments(positional.subList(Math.min(n, positional.size()), positional.size()), named);
    }

    Arguments map(UnaryOperator<Value> change) {
        Map<String, Value> changed = new LinkedHashMap<>();
        named.forEach((name, value) -> changed.put(name, change.apply(value)));
        return new Arguments(positional.stream().map(change).toList(), changed);
    }

    Arguments with(String name, Value value) {
        Map<String, Value> more = new LinkedHashMap<>(named);
        more.put(name, value);
        return new Arguments(positional, more);
    }

    /** Assigns them to parameters, as Python does for a function that has these. */
    Bound bind(String function, String... parameters) {
        if (positional.size() > parameters.length) {
            throw new JinjaException("%s takes at most %d argument(s), got %d"
                    .formatted(function, parameters.length, positional.size()));
        }
        Map<String, Value> values = new HashMap<>();
        for (int i = 0; i < positional.size(); i++) {
            values.put(parameters[i], positional.get(i));
        }
        named.forEach((name, value) -> {
            if (!List.of(parameters).contains(name)) {
                throw new JinjaException(function + " got an unexpected keyword argument '" + name + "'");
            }
            if (values.put(name, value) != null) {
                throw new JinjaException(function + " got two values for argument '" + name + "'");
            }
        });
        return new Bound(function, values);
    }

    /** Arguments by the names of their parameters. */
    record Bound(String function, Map<String, Value> values) {
        Value required(String name) {
            Value value = values.get(name);
            if (value == null) {
                throw new JinjaException(function + " misses its argument '" + name + "'");
            }
            return value;
        }

        Value or(String name, Value fallback) {
            return values.getOrDefault(name, fallback);
        }

        /** The argument, or null if it was left out or is {@code none}. */
        @Nullable
        Value given(String name) {
            Value value = values.get(name);
            return value == None.NONE ? null : value;
        }

        boolean flag(String name) {
            Value value = values.get(name);
            return value != null && Operators.isTrue(value);
        }

        int integer(String name, int fallback) {
            Value value = values.get(name);
            return value == null ? fallback : Numbers.toIndex(value);
        }

        String text(String name) {
            return asText(required(name));
        }

        String text(String name, String fallback) {
            Value value = values.get(name);
            return value == null ? fallback : asText(value);
        }

        private String asText(Value value) {
            if (value instanceof Str str) {
                return str.text();
            }
            throw new JinjaException(function + " takes a string, got " + Operators.typeName(value));
        }
    }
}
