package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Float;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.Num;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Undefined;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** All filters by name; here also those on numbers and on any value. */
final class Filters {
    private static final Map<String, Filter> BY_NAME = byName();

    private Filters() {}

    private static Map<String, Filter> byName() {
        Map<String, Filter> all = new HashMap<>();
        TextFilters.addTo(all);
        SequenceFilters.addTo(all);
        AttributeFilters.addTo(all);
        all.put("tojson", Json::filter);
        all.put("default", Filters::orDefault);
        all.put("d", Filters::orDefault);
        all.put("abs", Filters::abs);
        all.put("round", Filters::round);
        all.put("int", Filters::toInt);
        all.put("float", Filters::toFloat);
        all.put("filesizeformat", Filters::fileSize);
        all.put("attr", (value, arguments) -> {
            String name = arguments.bind("attr", "name").text("name");
            Value member = Attributes.member(value, name);
            return member != null
                    ? member
                    : new Undefined("'" + Operators.typeName(value) + " object' has no attribute '" + name + "'");
        });
        return all;
    }

    static boolean exists(String name) {
        return BY_NAME.containsKey(name);
    }

    static Value apply(String name, Value value, Arguments arguments) {
        Filter filter = BY_NAME.get(name);
        if (filter == null) {
            throw new JinjaException("No filter named '" + name + "'.");
        }
        return filter.apply(value, arguments);
    }

    private static Value orDefault(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("default", "default_value", "boolean");
        boolean replaced = value instanceof Undefined || bound.flag("boolean") && !Operators.isTrue(value);
        return replaced ? bound.or("default_value", Str.EMPTY) : value;
    }

    private static Num number(String filter, Value value) {
        if (value instanceof Num number) {
            return number;
        }
        throw new JinjaException(filter + " takes a number, got " + Operators.typeName(value));
    }

    private static Value abs(Value value, Arguments arguments) {
        arguments.bind("abs");
        Num number = number("abs", value);
        return number instanceof Float f
                ? new Float(Math.abs(f.number()))
                : new Int(Numbers.toInteger(number).abs());
    }

    private static Value round(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("round", "precision", "method");
        String method = bound.text("method", "common");
        int precision = bound.integer("precision", 0);
        Num number = number("round", value);
        if (method.equals("common")) {
            return Numbers.round(number, precision);
        }
        if (!Set.of("ceil", "floor").contains(method)) {
            throw new JinjaException("method must be common, ceil or floor");
        }
        Num scale = (Num) Numbers.power(Int.of(10), Int.of(precision));
        Value scaled = Numbers.multiply(number, scale);
        return Numbers.divide(method.equals("ceil") ? Numbers.ceiling(scaled) : Numbers.floor(scaled), scale);
    }

    private static Value toInt(Value value, Arguments arguments) {
        Arguments.Bound bound = arguments.bind("int", "default", "base");
        if (value instanceof Undefined u) {
            throw u.failure();
        }
        return Numbers.truncated(value, bound.integer("base", 10))
                .or(() -> value instanceof Str s
                        ? Numbers.parseFloat(s.text()).flatMap(f -> Numbers.truncated(f, 10))
                        : Optional.empty())
                .orElseGet(() -> bound.or("default", Int.of(0)));
    }

    private static Value toFloat(Value value, Arguments arguments) {
        Value fallback = arguments.bind("float", "default").or("default", new Float(0));
        return switch (value) {
            case Num n -> new Float(n.asDouble());
            case Str s -> Numbers.parseFloat(s.text()).orElse(fallback);
            case Undefined u -> throw u.failure();
            default -> fallback;
        };
    }

    private static Value fileSize(Value value, Arguments arguments) {
        boolean binary = arguments.bind("filesizeformat", "binary").flag("binary");
        double bytes = toDouble(value);
        int base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return Str.of("1 Byte");
        }
        if (bytes < base) {
            return Str.of(Representation.str(Numbers.truncated(new Float(bytes), 10)
                            .orElseThrow(() -> new JinjaException("cannot convert float infinity to integer")))
                    + " Bytes");
        }
        String prefixes = binary ? "KMGTPEZY" : "kMGTPEZY";
        int step = 0;
        BigInteger unit = BigInteger.valueOf(base).pow(2);
        while (step < prefixes.length() - 1 && !Operators.compare("<", new Float(bytes), new Int(unit))) {
            step++;
            unit = BigInteger.valueOf(base).pow(step + 2);
        }
        Value number = PercentFormat.format(Str.of("%.1f"), new Float(base * bytes / unit.doubleValue()));
        return Str.of(Representation.str(number) + " " + prefixes.charAt(step) + (binary ? "iB" : "B"));
    }

    private static double toDouble(Value value) {
        Optional<Value> number = value instanceof Str s ? Numbers.parseFloat(s.text()) : Optional.of(value);
        return number("filesizeformat", number.orElse(value)).asDouble();
    }
}
