package io.yuebing.text.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The variable {@code loop} of a for loop. It looks one item ahead only when the template asks what comes. */
final class Loop implements Value.Instance {
    /** Renders the loop's body over other items, for recursive loops. */
    interface Recursion {
        Value render(Value iterable, int depth);
    }

    private final int depth0;
    private final @Nullable Recursion recursion;
    private Iterator<Value> items;
    private int length = -1;
    private int index0 = -1;
    private @Nullable Value before;
    private @Nullable Value current;
    private @Nullable Value after;
    private @Nullable List<Value> lastChanged;

    /** @param length number of items, or -1 if only running through them tells */
    Loop(Iterator<Value> items, int length, int depth0, @Nullable Recursion recursion) {
        this.items = items;
        this.length = length;
        this.depth0 = depth0;
        this.recursion = recursion;
    }

    /** The next item, or null at the end. */
    @Nullable
    Value next() {
        Value next = after != null ? after : items.hasNext() ? items.next() : null;
        after = null;
        if (next != null) {
            index0++;
            before = current;
            current = next;
        }
        return next;
    }

    private @Nullable Value peek() {
        if (after == null && items.hasNext()) {
            after = items.next();
        }
        return after;
    }

    int length() {
        if (length < 0) {
            List<Value> rest = new ArrayList<>();
            items.forEachRemaining(rest::add);
            items = rest.iterator();
            length = rest.size() + index0 + 1 + (after == null ? 0 : 1);
        }
        return length;
    }

    @Override
    public @Nullable Value attribute(String name) {
        return switch (name) {
            case "index" -> Int.of(index0 + 1L);
            case "index0" -> Int.of(index0);
            case "revindex" -> Int.of((long) length() - index0);
            case "revindex0" -> Int.of(length() - index0 - 1L);
            case "first" -> Bool.of(index0 == 0);
            case "last" -> Bool.of(peek() == null);
            case "length" -> Int.of(length());
            case "depth" -> Int.of(depth0 + 1L);
            case "depth0" -> Int.of(depth0);
            case "previtem" -> orUndefined(index0 == 0 ? null : before, "there is no previous item");
            case "nextitem" -> orUndefined(peek(), "there is no next item");
            case "cycle" -> new Function(name, this::cycle);
            case "changed" -> new Function(name, this::changed);
            default -> null;
        };
    }

    private static Value orUndefined(@Nullable Value value, String problem) {
        return value == null ? new Undefined(problem) : value;
    }

    private Value cycle(Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            throw new JinjaException("no items for cycling given");
        }
        return arguments.positional().get(index0 % arguments.positional().size());
    }

    private Value changed(Arguments arguments) {
        boolean changed = !arguments.positional().equals(lastChanged);
        lastChanged = arguments.positional();
        return Bool.of(changed);
    }

    @Override
    public boolean callable() {
        return true;
    }

    @Override
    public Value call(Arguments arguments) {
        if (recursion == null) {
            throw new JinjaException("The loop must have the 'recursive' marker to be called recursively.");
        }
        return recursion.render(arguments.bind("loop", "iterable").required("iterable"), depth0 + 1);
    }

    @Override
    public String type() {
        return "LoopContext";
    }

    String describe() {
        return "<LoopContext " + (index0 + 1) + "/" + length() + ">";
    }
}
