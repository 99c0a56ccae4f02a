package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Stream;
import io.yuebing.text.jinja.Value.Undefined;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The filters that map, choose, order and join items by what they find in them. */
final class AttributeFilters {
    private AttributeFilters() {}

    static void addTo(Map<String, Filter> all) {
        all.put("map", AttributeFilters::map);
        all.put("select", (value, arguments) -> choose("select", value, arguments, false, true));
        all.put("reject", (value, arguments) -> choose("reject", value, arguments, false, false));
        all.put("selectattr", (value, arguments) -> choose("selectattr", value, arguments, true, true));
        all.put("rejectattr", (value, arguments) -> choose("rejectattr", value, arguments, true, false));
        all.put("sort", AttributeFilters::sort);
        all.put("unique", AttributeFilters::unique);
        all.put("groupby", AttributeFilters::groupBy);
        all.put("min", (value, arguments) -> extreme("min", value, arguments, -1));
        all.put("max", (value, arguments) -> extreme("max", value, arguments, 1));
        all.put("sum", AttributeFilters::sum);
        all.put("join", AttributeFilters::join);
    }

    /** Items made one at a time, so that an error shows only where the template gets to it, as with generators. */
    private static Value lazily(Value value, UnaryOperator<Value> change, Predicate<Value> chosen) {
        if (!Operators.isTrue(value)) {
            return SequenceFilters.stream(List.of());
        }
        return new Stream("generator", new Iterator<>() {
            private Iterator<Value> source = Collections.emptyIterator();
            private boolean started;
            private final List<Value> ahead = new ArrayList<>(1);

            @Override
            public boolean hasNext() {
                if (!started) {
                    started = true;
                    source = Operators.iterate(value);
                }
                while (ahead.isEmpty() && source.hasNext()) {
                    Value item = source.next();
                    if (chosen.test(item)) {
                        ahead.add(change.apply(item));
                    }
                }
                return !ahead.isEmpty();
            }

            @Override
            public Value next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return ahead.removeLast();
            }
        });
    }

    private static Value map(Value value, Arguments arguments) {
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Arguments.Bound bound = arguments.bind("map", "attribute", "default");
            AttributePath path =
                    AttributePath.of(bound.given("attribute"), true).orElse(bound.given("default"));
            return lazily(value, path::find, item -> true);
        }
        return lazily(
                value,
                item -> {
                    if (arguments.positional().isEmpty()) {
                        throw new JinjaException("map requires a filter argument");
                    }
                    String filter = Representation.str(arguments.positional().getFirst());
                    return Filters.apply(filter, item, arguments.from(1));
                },
                item -> true);
    }

    private static Value choose(String name, Value value, Arguments arguments, boolean byAttribute, boolean wanted) {
        if (byAttribute && arguments.positional().isEmpty()) {
            if (!Operators.isTrue(value)) {
                return SequenceFilters.stream(List.of());
            }
            throw new JinjaException(name + " misses the name of the attribute");
        }
        AttributePath path =
                AttributePath.of(byAttribute ? arguments.positional().getFirst() : null, true);
        Arguments test = arguments.from(byAttribute ? 1 : 0);
        return lazily(value, item -> item, item -> {
            Value found = path.find(item);
            boolean passed = test.positional().isEmpty()
                    ? Operators.isTrue(found)
                    : Tests.apply(Representation.str(test.positional().getFirst()), found, test.from(1));
            return passed == wanted;
        });
    }

    private static Value sort(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("sort", "reverse", "case_sensitive", "attribute");
        boolean caseSensitive = bound.flag("case_sensitive");
        List<AttributePath> paths = bound.given("attribute") instanceof Str names
                ? Arrays.stream(names.text().split(",", -1))
                        .map(name -> AttributePath.of(Str.of(name), caseSensitive))
                        .toList()
                : List.of(AttributePath.of(bound.given("attribute"), caseSensitive));
        return Seq.list(AttributePath.sorted(Operators.toList(value), paths, bound.flag("reverse")));
    }

    private static Value unique(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("unique", "case_sensitive", "attribute");
        AttributePath path = AttributePath.of(bound.given("attribute"), bound.flag("case_sensitive"));
        Set<Value> seen = new HashSet<>();
        List<Value> distinct = new ArrayList<>();
        for (Value item : Operators.toList(value)) {
            if (seen.add(Operators.hashable(path.find(item)))) {
                distinct.add(item);
            }
        }
        return SequenceFilters.stream(distinct);
    }

    private static Value groupBy(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("groupby", "attribute", "default", "case_sensitive");
        AttributePath path = AttributePath.of(bound.required("attribute"), bound.flag("case_sensitive"))
                .orElse(bound.given("default"));
        AttributePath exact = new AttributePath(path.steps(), true, path.fallback());
        List<Value> groups = new ArrayList<>();
        List<Value> group = new ArrayList<>();
        for (Value item : path.sorted(Operators.toList(value), false)) {
            if (!group.isEmpty() && !path.find(group.getFirst()).equals(path.find(item))) {
                groups.add(group(exact, group));
                group = new ArrayList<>();
            }
            group.add(item);
        }
        if (!group.isEmpty()) {
            groups.add(group(exact, group));
        }
        return Seq.list(groups);
    }

    private static Value group(AttributePath path, List<Value> items) {
        return new Seq(List.of(path.find(items.getFirst()), Seq.list(items)), Seq.Kind.GROUP);
    }

    private static Value extreme(String name, Value value, Arguments arguments, int sign) {
        Arguments.Bound bound = arguments.bind(name, "case_sensitive", "attribute");
        AttributePath path = AttributePath.of(bound.given("attribute"), bound.flag("case_sensitive"));
        Iterator<Value> items = Operators.iterate(value);
        if (!items.hasNext()) {
            return new Undefined("No aggregated item, sequence was empty.");
        }
        Value best = items.next();
        while (items.hasNext()) {
            Value item = items.next();
            int order = Operators.order(path.find(item), path.find(best), sign < 0 ? "<" : ">");
            if (order == sign) {
                best = item;
            }
        }
        return best;
    }

    private static Value sum(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("sum", "attribute", "start");
        AttributePath path = AttributePath.of(bound.given("attribute"), true);
        Value total = bound.or("start", Int.of(0));
        if (total instanceof Str) {
            throw new JinjaException("sum() can't sum strings");
        }
        for (Value item : Operators.toList(value)) {
            total = Operators.binary("+", total, path.find(item));
        }
        return total;
    }

    private static Value join(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("join", "d", "attribute");
        AttributePath path = AttributePath.of(bound.given("attribute"), true);
        List<String> parts = new ArrayList<>();
        for (Iterator<Value> items = Operators.iterate(value); items.hasNext(); ) {
            parts.add(Representation.str(path.find(items.next())));
        }
        return Str.of(TextMethods.joined(Representation.str(bound.or("d", Str.EMPTY)), parts));
    }
}
