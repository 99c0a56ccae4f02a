package io.yuebing.text.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The variables of a block, within those of the block around it. */
final class Scope {
    private final @Nullable Scope outer;
    private final Map<String, Value> variables;

    private Scope(@Nullable Scope outer, Map<String, Value> variables) {
        this.outer = outer;
        this.variables = variables;
    }

    static Scope of(Map<String, Value> variables) {
        return new Scope(null, variables);
    }

    Scope inner() {
        return new Scope(this, new HashMap<>());
    }

    void set(String name, Value value) {
        variables.put(name, value);
    }

    Value get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Value value = scope.variables.get(name);
            if (value != null) {
                return value;
            }
        }
        return new Value.Undefined("'" + name + "' is undefined");
    }
}
