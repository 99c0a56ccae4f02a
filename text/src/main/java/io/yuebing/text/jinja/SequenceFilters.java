package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.Range;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Stream;
import io.yuebing.text.jinja.Value.Undefined;
import io.yuebing.text.jinja.Value.View;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** The filters on lists and dictionaries that do not look at attributes. */
final class SequenceFilters {
    private SequenceFilters() {}

    static void addTo(Map<String, Filter> all) {
        all.put("length", (value, arguments) -> Int.of(Operators.length(value)));
        all.put("count", (value, arguments) -> Int.of(Operators.length(value)));
        all.put("list", (value, arguments) -> Seq.list(Operators.toList(value)));
        all.put("items", SequenceFilters::items);
        all.put("first", SequenceFilters::first);
        all.put("last", SequenceFilters::last);
        all.put("reverse", SequenceFilters::reverse);
        all.put("batch", SequenceFilters::batch);
        all.put("slice", SequenceFilters::slice);
        all.put("dictsort", SequenceFilters::dictSort);
    }

    static Value stream(List<Value> items) {
        return new Stream("generator", items.iterator());
    }

    private static Value items(Value value, Arguments arguments) {
        return switch (value) {
            case Undefined u -> stream(List.of());
            case Dict dict -> stream(dict.pairs());
            default -> throw new JinjaException("Can only get item pairs from a mapping.");
        };
    }

    private static Value first(Value value, Arguments arguments) {
        Iterator<Value> items = Operators.iterate(value);
        return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
    }

    private static Value last(Value value, Arguments arguments) {
        List<Value> items = reversible(value);
        return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.getLast();
    }

    /** Items of what Python's {@code reversed} takes: not generators. */
    private static List<Value> reversible(Value value) {
        return switch (value) {
            case Str s -> PythonText.characters(s.text());
            case Seq s -> s.items();
            case Dict d -> List.copyOf(d.entries().keySet());
            case Range r -> r.items();
            case View v -> v.items();
            case Undefined u -> List.of();
            default -> throw new JinjaException("'" + Operators.typeName(value) + "' object is not reversible");
        };
    }

    private static Value reverse(Value value, Arguments arguments) {
        return switch (value) {
            case Str s -> Str.of(PythonText.join(PythonText.characters(s.text()).reversed()));
            case Stream s -> Seq.list(Operators.toList(s).reversed());
            default ->
                new Stream("reverseiterator", reversible(value).reversed().iterator());
        };
    }

    private static Value batch(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("batch", "linecount", "fill_with");
        int size = Numbers.toIndex(bound.required("linecount"));
        Value fill = bound.given("fill_with");
        List<Value> batches = new ArrayList<>();
        List<Value> batch = new ArrayList<>();
        for (Value item : Operators.toList(value)) {
            if (batch.size() == size) {
                batches.add(Seq.list(batch));
                batch = new ArrayList<>();
            }
            batch.add(item);
        }
        if (!batch.isEmpty()) {
            Limits.checkItems(size);
            while (fill != null && batch.size() < size) {
                batch.add(fill);
            }
            batches.add(Seq.list(batch));
        }
        return stream(batches);
    }

    private static Value slice(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("slice", "slices", "fill_with");
        int slices = Numbers.toIndex(bound.required("slices"));
        Value fill = bound.given("fill_with");
        List<Value> items = Operators.toList(value);
        if (slices == 0) {
            throw new JinjaException("integer division or modulo by zero");
        }
        Limits.checkItems(slices);
        List<Value> parts = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < slices; i++) {
            int to = from + items.size() / slices + (i < items.size() % slices ? 1 : 0);
            List<Value> part = new ArrayList<>(items.subList(from, to));
            if (fill != null && i >= items.size() % slices) {
                part.add(fill);
            }
            parts.add(Seq.list(part));
            from = to;
        }
        return stream(parts);
    }

    private static Value dictSort(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("dictsort", "case_sensitive", "by", "reverse");
        String by = bound.text("by", "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw new JinjaException("You can only sort by either \"key\" or \"value\"");
        }
        if (!(value instanceof Dict dict)) {
            throw value instanceof Undefined u
                    ? u.failure()
                    : new JinjaException("dictsort takes a dict, got " + Operators.typeName(value));
        }
        Value position = Int.of(by.equals("key") ? 0 : 1);
        AttributePath path = AttributePath.of(position, bound.flag("case_sensitive"));
        return Seq.list(path.sorted(dict.pairs(), bound.flag("reverse")));
    }
}
