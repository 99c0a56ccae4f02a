package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Function;
import io.yuebing.text.jinja.Value.Instance;
import io.yuebing.text.jinja.Value.Range;
import io.yuebing.text.jinja.Value.Str;
import java.time.Clock;
import java.time.LocalDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every template can call: Jinja's own, and those that transformers adds for chat templates. */
final class Globals {
    private Globals() {}

    static Map<String, Value> all(Clock clock) {
        Map<String, Value> all = new LinkedHashMap<>();
        add(all, "range", Globals::range);
        add(all, "dict", Globals::dict);
        add(all, "namespace", Namespace::of);
        add(all, "cycler", arguments -> new Cycler(arguments.positional()));
        add(
                all,
                "joiner",
                arguments -> new Joiner(arguments.bind("joiner", "sep").or("sep", Str.of(", "))));
        add(all, "raise_exception", arguments -> {
            throw JinjaException.raised(Representation.str(
                    arguments.bind("raise_exception", "message").required("message")));
        });
        add(
                all,
                "strftime_now",
                arguments -> Str.of(StrfTime.format(
                        LocalDateTime.now(clock),
                        arguments.bind("strftime_now", "format").text("format"))));
        return all;
    }

    private static void add(Map<String, Value> all, String name, Function.Code code) {
        all.put(name, new Function(name, code));
    }

    private static Value range(Arguments arguments) {
        List<Value> bounds = arguments.positional();
        if (bounds.isEmpty() || bounds.size() > 3 || !arguments.named().isEmpty()) {
            throw new JinjaException("range takes one to three integers");
        }
        long first = Numbers.toIndex(bounds.getFirst());
        long start = bounds.size() == 1 ? 0 : first;
        long stop = bounds.size() == 1 ? first : Numbers.toIndex(bounds.get(1));
        long step = bounds.size() == 3 ? Numbers.toIndex(bounds.get(2)) : 1;
        if (step == 0) {
            throw new JinjaException("range() arg 3 must not be zero");
        }
        if ((step > 0 ? stop - start : start - stop) / Math.abs(step) > Limits.RANGE) {
            throw new JinjaException(
                    "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + Limits.RANGE + ").");
        }
        return new Range(start, stop, step);
    }

    private static Value dict(Arguments arguments) {
        Map<Value, Value> entries = new LinkedHashMap<>();
        Value source = new Arguments(arguments.positional(), Map.of())
                .bind("dict", "source")
                .given("source");
        if (source != null) {
            Operators.putAll(entries, source);
        }
        arguments.named().forEach((name, value) -> entries.put(Str.of(name), value));
        return new Dict(Collections.unmodifiableMap(entries));
    }

    /** Jinja's {@code cycler('odd', 'even')}. */
    private static final class Cycler implements Instance {
        private final List<Value> items;
        private int position;

        Cycler(List<Value> items) {
            if (items.isEmpty()) {
                throw new JinjaException("at least one item has to be provided");
            }
            this.items = items;
        }

        @Override
        public @Nullable Value attribute(String name) {
            return switch (name) {
                case "current" -> items.get(position);
                case "items" -> new Seq(items, Seq.Kind.TUPLE);
                case "pos" -> Int.of(position);
                case "next" ->
                    new Function(name, arguments -> {
                        Value current = items.get(position);
                        position = (position + 1) % items.size();
                        return current;
                    });
                case "reset" ->
                    new Function(name, arguments -> {
                        position = 0;
                        return None.NONE;
                    });
                default -> null;
            };
        }

        @Override
        public String type() {
            return "Cycler";
        }
    }

    /** Jinja's {@code joiner(', ')}: nothing when first called, then the separator. */
    private static final class Joiner implements Instance {
        private final Value separator;
        private boolean used;

        Joiner(Value separator) {
            this.separator = separator;
        }

        @Override
        public boolean callable() {
            return true;
        }

        @Override
        public Value call(Arguments arguments) {
            boolean first = !used;
            used = true;
            return first ? Str.EMPTY : separator;
        }

        @Override
        public String type() {
            return "Joiner";
        }
    }
}
