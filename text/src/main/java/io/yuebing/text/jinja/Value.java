package io.yuebing.text.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A value that a template computes with: Python's types, as far as templates can make or get them.
 *
 * <p>{@code equals} is Python's {@code ==}: {@code 1 == 1.0 == true}. Lists and dictionaries never change, because the
 * sandbox that chat templates run in forbids it; only {@link Instance}s and {@link Stream}s have state.
 */
sealed interface Value {

    /**
     * What a name or an attribute that does not exist, or that the sandbox denies, evaluates to; most uses of it fail
     * with {@code problem}.
     */
    record Undefined(String problem) implements Value {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Undefined;
        }

        @Override
        public int hashCode() {
            return 1;
        }

        JinjaException failure() {
            return new JinjaException(problem);
        }
    }

    /** Python's {@code None}. */
    enum None implements Value {
        NONE
    }

    /** A number; booleans are numbers, too. */
    sealed interface Num extends Value {
        double asDouble();

        static boolean equal(Num a, @Nullable Object b) {
            return b instanceof Num other && compare(a, other) == 0;
        }

        /** Exact comparison; nothing is equal to or ordered with NaN, for which this returns 2. */
        static int compare(Num a, Num b) {
            if (a instanceof Float || b instanceof Float) {
                double x = a.asDouble();
                double y = b.asDouble();
                if (Double.isNaN(x) || Double.isNaN(y)) {
                    return 2;
                }
                if (Double.isInfinite(x) || Double.isInfinite(y) || a instanceof Float && b instanceof Float) {
                    return x < y ? -1 : x > y ? 1 : 0;
                }
            }
            return a.exact().compareTo(b.exact());
        }

        private BigDecimal exact() {
            return this instanceof Float f ? new BigDecimal(f.number()) : new BigDecimal(Numbers.toInteger(this));
        }

        static int hash(Num n) {
            return Double.hashCode(n.asDouble() + 0.0);
        }
    }

    /** True or false. */
    record Bool(boolean isTrue) implements Num {
        static final Bool TRUE = new Bool(true);
        static final Bool FALSE = new Bool(false);

        static Bool of(boolean value) {
            return value ? TRUE : FALSE;
        }

        @Override
        public double asDouble() {
            return isTrue ? 1 : 0;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return Num.equal(this, other);
        }

        @Override
        public int hashCode() {
            return Num.hash(this);
        }
    }

    /** An integer of any size. */
    record Int(BigInteger number) implements Num {
        static Int of(long number) {
            return new Int(BigInteger.valueOf(number));
        }

        @Override
        public double asDouble() {
            return number.doubleValue();
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return Num.equal(this, other);
        }

        @Override
        public int hashCode() {
            return Num.hash(this);
        }
    }

    /** A double. */
    record Float(double number) implements Num {
        @Override
        public double asDouble() {
            return number;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return Num.equal(this, other);
        }

        @Override
        public int hashCode() {
            return Num.hash(this);
        }
    }

    /** A string; {@code markup} if it came from {@code safe} or {@code escape}, which makes {@code +} escape the rest. */
    record Str(String text, boolean markup) implements Value {
        static final Str EMPTY = of("");

        static Str of(String text) {
            return new Str(text, false);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Str str && str.text.equals(text);
        }

        @Override
        public int hashCode() {
            return text.hashCode();
        }
    }

    /** A list or a tuple. */
    record Seq(List<Value> items, Kind kind) implements Value {
        enum Kind {
            LIST,
            TUPLE,
            /** The pair that {@code groupby} makes, whose items are also called {@code grouper} and {@code list}. */
            GROUP
        }

        static Seq list(List<Value> items) {
            return new Seq(items, Kind.LIST);
        }

        static Seq tuple(Value... items) {
            return new Seq(List.of(items), Kind.TUPLE);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Seq seq
                    && (kind == Kind.LIST) == (seq.kind == Kind.LIST)
                    && items.equals(seq.items);
        }

        @Override
        public int hashCode() {
            return items.hashCode();
        }
    }

    /** A dictionary in order of insertion. */
    record Dict(Map<Value, Value> entries) implements Value {
        List<Value> pairs() {
            List<Value> pairs = new ArrayList<>(entries.size());
            entries.forEach((key, value) -> pairs.add(Seq.tuple(key, value)));
            return pairs;
        }
    }

    /** Python's {@code range}. */
    record Range(long start, long stop, long step) implements Value {
        int size() {
            long span = step > 0 ? stop - start : start - stop;
            return span <= 0 ? 0 : Math.toIntExact((span - 1) / Math.abs(step) + 1);
        }

        List<Value> items() {
            List<Value> items = new ArrayList<>(size());
            for (int i = 0; i < size(); i++) {
                items.add(Int.of(start + i * step));
            }
            return items;
        }
    }

    /** What {@code keys()}, {@code values()} and {@code items()} of a dictionary return: countable, not indexable. */
    record View(String type, List<Value> items) implements Value {}

    /** A generator or iterator: it can be run through once. */
    record Stream(String type, Iterator<Value> iterator) implements Value {
        @Override
        public boolean equals(@Nullable Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** An object of the engine's own: a function, a macro, a namespace, the loop. */
    non-sealed interface Instance extends Value {
        /** The attribute of that name, or null if it has none. */
        default @Nullable Value attribute(String name) {
            return null;
        }

        default boolean callable() {
            return false;
        }

        default Value call(Arguments arguments) {
            throw new JinjaException("'" + type() + "' object is not callable");
        }

        String type();
    }

    /** A function given by its code. */
    record Function(String name, Code code) implements Instance {
        interface Code {
            Value call(Arguments arguments);
        }

        @Override
        public boolean callable() {
            return true;
        }

        @Override
        public Value call(Arguments arguments) {
            return code.call(arguments);
        }

        @Override
        public String type() {
            return "builtin_function_or_method";
        }
    }

    /** Turns what Java code or a JSON parser makes (maps, lists, strings, numbers, booleans, null) into a value. */
    static Value of(@Nullable Object object) {
        return switch (object) {
            case null -> None.NONE;
            case Value value -> value;
            case CharSequence text -> Str.of(text.toString());
            case Boolean flag -> Bool.of(flag);
            case BigInteger number -> new Int(number);
            case Double number -> new Float(number);
            case java.lang.Float number -> new Float(number);
            case BigDecimal number -> new Float(number.doubleValue());
            case Number number -> Int.of(number.longValue());
            case Map<?, ?> map -> {
                Map<Value, Value> entries = new LinkedHashMap<>();
                map.forEach((key, value) -> entries.put(of(key), of(value)));
                yield new Dict(Collections.unmodifiableMap(entries));
            }
            case Iterable<?> list -> {
                List<Value> items = new ArrayList<>();
                list.forEach(item -> items.add(of(item)));
                yield Seq.list(items);
            }
            default ->
                throw new JinjaException(
                        "a template cannot use a " + object.getClass().getName());
        };
    }
}
