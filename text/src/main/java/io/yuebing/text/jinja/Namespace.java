package io.yuebing.text.jinja;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Jinja's {@code namespace()}: the one object whose attributes a template can set. */
record Namespace(Map<Value, Value> attributes) implements Value.Instance {
    static Namespace of(Arguments arguments) {
        Map<Value, Value> attributes = new LinkedHashMap<>();
        arguments.positional().forEach(source -> Operators.putAll(attributes, source));
        arguments.named().forEach((name, value) -> attributes.put(Str.of(name), value));
        return new Namespace(attributes);
    }

    void set(String name, Value value) {
        attributes.put(Str.of(name), value);
    }

    @Override
    public @Nullable Value attribute(String name) {
        return attributes.get(Str.of(name));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String type() {
        return "Namespace";
    }
}
