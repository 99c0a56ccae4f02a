package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Dict;
import io.yuebing.text.jinja.Value.Float;
import io.yuebing.text.jinja.Value.None;
import io.yuebing.text.jinja.Value.Num;
import io.yuebing.text.jinja.Value.Range;
import io.yuebing.text.jinja.Value.Seq;
import io.yuebing.text.jinja.Value.Str;
import io.yuebing.text.jinja.Value.Undefined;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code 'format' % arguments}. */
final class PercentFormat {
    private static final Pattern SPECIFIER =
            Pattern.compile("%(?:\\(([^)]*)\\))?([#0\\- +]*)(\\*|\\d+)?(\\.(\\*|\\d+)?)?[hlL]?(.)", Pattern.DOTALL);

    private final Value argument;
    private final Iterator<Value> positional;
    private final boolean markup;

    private PercentFormat(Value argument, boolean markup) {
        this.argument = argument;
        this.markup = markup;
        boolean tuple = argument instanceof Seq seq && seq.kind() != Seq.Kind.LIST;
        this.positional = (tuple ? ((Seq) argument).items() : List.of(argument)).iterator();
    }

    static Value format(Str format, Value argument) {
        return new Str(new PercentFormat(argument, format.markup()).format(format.text()), format.markup());
    }

    private String format(String format) {
        StringBuilder out = new StringBuilder();
        Matcher matcher = SPECIFIER.matcher(format);
        int at = 0;
        boolean named = false;
        for (int percent = format.indexOf('%'); percent >= 0; percent = format.indexOf('%', at)) {
            out.append(format, at, percent);
            if (!matcher.find(percent) || matcher.start() != percent) {
                throw new JinjaException("incomplete format");
            }
            named |= matcher.group(1) != null;
            out.append(specifier(matcher));
            Limits.checkText(out.length());
            at = matcher.end();
        }
        boolean mapping = argument instanceof Dict
                || argument instanceof Undefined
                || argument instanceof Range
                || argument instanceof Seq seq && seq.kind() == Seq.Kind.LIST;
        if (positional.hasNext() && !named && !mapping) {
            throw new JinjaException("not all arguments converted during string formatting");
        }
        return out.append(format, at, format.length()).toString();
    }

    private Value next() {
        if (!positional.hasNext()) {
            throw new JinjaException("not enough arguments for format string");
        }
        return positional.next();
    }

    private String specifier(Matcher matcher) {
        String flags = matcher.group(2);
        char type = matcher.group(6).charAt(0);
        if (type == '%') {
            return "%";
        }
        Value named = null;
        if (matcher.group(1) != null) {
            if (!(argument instanceof Dict dict)) {
                throw new JinjaException("format requires a mapping");
            }
            named = dict.entries().get(Str.of(matcher.group(1)));
            if (named == null) {
                throw new JinjaException("format misses the key '" + matcher.group(1) + "'");
            }
        }
        int width = size(matcher.group(3), 0);
        boolean leftAligned = flags.contains("-") || width < 0;
        int precision = matcher.group(4) == null ? -1 : size(matcher.group(5), 0);
        Value value = named != null ? named : next();
        String body = body(value, type, precision, flags);
        boolean numeric = "diuoxXeEfFgG".indexOf(type) >= 0;
        boolean whole = "diuoxX".indexOf(type) >= 0;
        String sign = numeric ? sign(whole ? Numbers.truncated(value, 10).orElse(value) : value, flags) : "";
        int missing = Math.abs(width) - PythonText.length(body) - sign.length();
        Limits.checkText(missing);
        String padding = " ".repeat(Math.max(0, missing));
        if (leftAligned) {
            return sign + body + padding;
        }
        return numeric && flags.contains("0") ? sign + padding.replace(' ', '0') + body : padding + sign + body;
    }

    private int size(String text, int missing) {
        if (text == null) {
            return missing;
        }
        return text.equals("*") ? Numbers.toIndex(next()) : Numbers.toIndex(Value.of(new BigInteger(text)));
    }

    private static String sign(Value value, String flags) {
        boolean negative = value instanceof Num n
                && (n instanceof Float f ? f.number() < 0 || 1 / f.number() < 0 : n.asDouble() < 0);
        return negative ? "-" : flags.contains("+") ? "+" : flags.contains(" ") ? " " : "";
    }

    private String body(Value value, char type, int precision, String flags) {
        return switch (type) {
            case 's' ->
                cut(markup ? PythonText.escapeHtml(Representation.str(value)) : Representation.str(value), precision);
            case 'r' -> cut(Representation.repr(value), precision);
            case 'a' -> cut(Json.ascii(Representation.repr(value)), precision);
            case 'c' -> character(value);
            case 'd', 'i', 'u', 'o', 'x', 'X' -> integer(value, type, precision, flags);
            case 'e', 'E', 'f', 'F', 'g', 'G' -> {
                if (!(value instanceof Num number)) {
                    throw new JinjaException("must be real number, not " + Operators.typeName(value));
                }
                yield NumberFormat.format(number.asDouble(), type, precision < 0 ? 6 : precision, flags.contains("#"));
            }
            default -> throw new JinjaException("unsupported format character '" + type + "'");
        };
    }

    private static String cut(String text, int precision) {
        return precision < 0 ? text : PythonText.head(text, precision);
    }

    private static String character(Value value) {
        if (value instanceof Str str && PythonText.length(str.text()) == 1) {
            return str.text();
        }
        if (value instanceof Num number && Character.isValidCodePoint(Numbers.toIndex(number))) {
            return Character.toString(Numbers.toIndex(number));
        }
        throw new JinjaException("%c requires int or char");
    }

    private static String integer(Value value, char type, int precision, String flags) {
        boolean decimal = "diu".indexOf(type) >= 0;
        if (!(value instanceof Num) || !decimal && value instanceof Float) {
            throw new JinjaException("%" + type + " format: a number is required, not " + Operators.typeName(value));
        }
        Value whole = Numbers.truncated(value, 10).orElse(None.NONE);
        if (!(whole instanceof Num number)) {
            throw new JinjaException("cannot convert float " + Representation.str(value) + " to integer");
        }
        int radix = decimal ? 10 : type == 'o' ? 8 : 16;
        String digits = Numbers.toInteger(number).abs().toString(radix);
        Limits.checkText(precision);
        digits = "0".repeat(Math.max(0, precision - digits.length())) + digits;
        if (flags.contains("#") && !decimal) {
            digits = (type == 'o' ? "0o" : "0x") + digits;
        }
        return type == 'X' ? digits.toUpperCase(Locale.ROOT) : digits;
    }
}
