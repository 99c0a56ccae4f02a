package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Bool;
import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Float;
import io.yuebing.text.jinja.Value.Instance;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Num;
import io.yuebing.text.jinja.Value.Range;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Undefined;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/** What {@code value is name(arguments)} decides. */
final class Tests {
    private interface Test {
        boolean holds(Value value, Arguments arguments);
    }

    private static final Map<String, Test> BY_NAME = byName();

    private Tests() {}

    static boolean exists(String name) {
        return BY_NAME.containsKey(name);
    }

    static boolean apply(String name, Value value, Arguments arguments) {
        Test test = BY_NAME.get(name);
        if (test == null) {
            throw new JinjaException("No test named '" + name + "'.");
        }
        return test.holds(value, arguments);
    }

    private static Map<String, Test> byName() {
        Map<String, Test> all = new HashMap<>();
        addTypes(all);
        addNumbers(all);
        addComparisons(all);
        plain(all, "defined", value -> !(value instanceof Undefined));
        plain(all, "undefined", value -> value instanceof Undefined);
        plain(all, "lower", value -> PythonText.hasOnlyCase(Representation.str(value), false));
        plain(all, "upper", value -> PythonText.hasOnlyCase(Representation.str(value), true));
        plain(all, "escaped", value -> value instanceof Str str && str.markup());
        plain(all, "filter", value -> Filters.exists(name(value)));
        plain(all, "test", value -> exists(name(value)));
        return all;
    }

    private static String name(Value value) {
        return Operators.hashable(value) instanceof Str str ? str.text() : "";
    }

    private static void plain(Map<String, Test> all, String name, Predicate<Value> test) {
        all.put(name, (value, arguments) -> {
            arguments.bind(name);
            return test.test(value);
        });
    }

    private static void addTypes(Map<String, Test> all) {
        plain(all, "none", value -> value == None.NONE);
        plain(all, "boolean", value -> value instanceof Bool);
        plain(all, "true", value -> value instanceof Bool b && b.isTrue());
        plain(all, "false", value -> value instanceof Bool b && !b.isTrue());
        plain(all, "integer", value -> value instanceof Int);
        plain(all, "float", value -> value instanceof Float);
        plain(all, "number", value -> value instanceof Num);
        plain(all, "string", value -> value instanceof Str);
        plain(all, "mapping", value -> value instanceof Dict);
        // Undefined has a length and takes indices (and calls), in that Python class at least.
        plain(
                all,
                "sequence",
                value -> value instanceof Str
                        || value instanceof Seq
                        || value instanceof Dict
                        || value instanceof Range
                        || value instanceof Undefined);
        plain(
                all,
                "iterable",
                value -> !(value instanceof None
                        || value instanceof Num
                        || value instanceof Instance && !(value instanceof Loop)));
        plain(all, "callable", value -> value instanceof Undefined || value instanceof Instance i && i.callable());
    }

    private static void addNumbers(Map<String, Test> all) {
        plain(all, "odd", value -> remainder(value, Int.of(2)).equals(Int.of(1)));
        plain(all, "even", value -> remainder(value, Int.of(2)).equals(Int.of(0)));
        all.put(
                "divisibleby",
                (value, arguments) -> remainder(
                                value, arguments.bind("divisibleby", "num").required("num"))
                        .equals(Int.of(0)));
    }

    private static Value remainder(Value value, Value divisor) {
        return Operators.binary("%", value, divisor);
    }

    private static void addComparisons(Map<String, Test> all) {
        comparison(all, "==", "==", "eq", "equalto");
        comparison(all, "!=", "!=", "ne");
        comparison(all, "<", "<", "lt", "lessthan");
        comparison(all, "<=", "<=", "le");
        comparison(all, ">", ">", "gt", "greaterthan");
        comparison(all, ">=", ">=", "ge");
        comparison(all, "in", "in");
        all.put(
                "sameas",
                (value, arguments) ->
                        same(value, arguments.bind("sameas", "other").required("other")));
    }

    private static void comparison(Map<String, Test> all, String operator, String... names) {
        for (String name : names) {
            all.put(
                    name,
                    (value, arguments) -> Operators.compare(
                            operator, value, arguments.bind(name, "other").required("other")));
        }
    }

    /** Python's {@code is}: constants, small integers and equal short strings are one object there. */
    private static boolean same(Value a, Value b) {
        return a == b
                || Operators.typeName(a).equals(Operators.typeName(b))
                        && (a instanceof Num || a instanceof Str)
                        && a.equals(b);
    }
}
