package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Undefined;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where a filter with {@code attribute='a.b.0'} looks in each item.
 *
 * @param steps keys and indices from the outermost on
 * @param caseSensitive whether strings found there keep their case
 * @param fallback what stands for a step that is missing; null to let it be undefined
 */
record AttributePath(
        List<Value> steps, boolean caseSensitive, @Nullable Value fallback) {

    static AttributePath of(@Nullable Value attribute, boolean caseSensitive) {
        List<Value> steps = new ArrayList<>();
        if (attribute instanceof Str str) {
            for (String part : str.text().split("\\.", -1)) {
                boolean index = !part.isEmpty() && part.chars().allMatch(c -> c >= '0' && c <= '9');
                steps.add(index ? new Int(new BigInteger(part)) : Str.of(part));
            }
        } else if (attribute != null && attribute != None.NONE) {
            steps.add(attribute);
        }
        return new AttributePath(steps, caseSensitive, null);
    }

    AttributePath orElse(@Nullable Value value) {
        return new AttributePath(steps, caseSensitive, value);
    }

    Value find(Value item) {
        Value found = item;
        for (Value step : steps) {
            found = Attributes.item(found, step);
            if (found instanceof Undefined && fallback != null) {
                found = fallback;
            }
        }
        return caseSensitive || !(found instanceof Str str) ? found : Str.of(PythonText.lower(str.text()));
    }

    /** The items in the order of what the path finds. Equal ones keep their order. */
    List<Value> sorted(List<Value> items, boolean reverse) {
        return sorted(items, this::find, reverse);
    }

    /** The items in the order of what the paths find, the first path counting most. */
    static List<Value> sorted(List<Value> items, List<AttributePath> paths, boolean reverse) {
        return sorted(
                items,
                item -> Seq.list(paths.stream().map(path -> path.find(item)).toList()),
                reverse);
    }

    private static List<Value> sorted(List<Value> items, UnaryOperator<Value> key, boolean reverse) {
        record Keyed(Value key, Value item) {}
        List<Keyed> keyed = new ArrayList<>();
        items.forEach(item -> keyed.add(new Keyed(key.apply(item), item)));
        // An order of 2 is none at all: NaN.
        Comparator<Keyed> order = (a, b) -> Operators.order(a.key(), b.key(), "<") % 2;
        keyed.sort(reverse ? order.reversed() : order);
        return keyed.stream().map(Keyed::item).toList();
    }
}
