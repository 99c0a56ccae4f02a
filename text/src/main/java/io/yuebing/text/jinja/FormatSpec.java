package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Float;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.Num;
import io.yuebing.text.jinja.Value.Str;
import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What stands behind the colon in {@code '{:>8.2f}'}, Python's format specification mini-language.
 *
 * @param fill the character that fills up to {@code width}
 * @param align one of {@code < > = ^}, or empty for the type's own
 * @param sign one of {@code + -} and a space; empty for none but the minus
 * @param alternate whether {@code #} asks for a prefix such as {@code 0x}
 * @param zeros whether a 0 before the width asks for leading zeros
 * @param separator what stands between groups of digits; empty for nothing
 * @param precision -1 if not given
 * @param type a letter or empty
 */
record FormatSpec(
        String fill,
        String align,
        String sign,
        boolean alternate,
        boolean zeros,
        int width,
        String separator,
        int precision,
        String type) {
    private static final Pattern SYNTAX = Pattern.compile(
            "(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[+\\- ])?(?<alternate>#)?(?<zeros>0)?(?<width>\\d+)?"
                    + "(?<separator>[,_])?(?:\\.(?<precision>\\d+))?(?<type>[bcdeEfFgGnosxX%])?",
            Pattern.DOTALL);

    static FormatSpec parse(String spec) {
        Matcher matcher = SYNTAX.matcher(spec);
        if (!matcher.matches()) {
            throw new JinjaException("Invalid format specifier '" + spec + "'");
        }
        boolean zeros = matcher.group("zeros") != null;
        return new FormatSpec(
                or(matcher.group("fill"), zeros ? "0" : " "),
                or(matcher.group("align"), ""),
                or(matcher.group("sign"), ""),
                matcher.group("alternate") != null,
                zeros,
                number(or(matcher.group("width"), "0")),
                or(matcher.group("separator"), ""),
                matcher.group("precision") == null ? -1 : number(or(matcher.group("precision"), "0")),
                or(matcher.group("type"), ""));
    }

    private static String or(@Nullable String text, String missing) {
        return text == null ? missing : text;
    }

    private static int number(String digits) {
        int number = Numbers.toIndex(new Int(new BigInteger(digits)));
        Limits.checkText(number);
        return number;
    }

    String apply(Str text) {
        if (!type.isEmpty() && !type.equals("s") || align.equals("=") || !sign.isEmpty()) {
            throw new JinjaException("Invalid format specifier for a string");
        }
        String shown = precision < 0 ? text.text() : PythonText.head(text.text(), precision);
        return aligned("", shown, align.isEmpty() ? "<" : align);
    }

    String apply(Num number) {
        boolean integral = !(number instanceof Float) && (type.isEmpty() || "bcdnoxX".contains(type));
        check(integral);
        boolean negative = number instanceof Float f
                ? f.number() < 0 || 1 / f.number() < 0
                : Numbers.toInteger(number).signum() < 0;
        String before = negative ? "-" : sign.equals("-") ? "" : sign;
        if (alternate && integral && isBased()) {
            before += "0" + type;
        }
        String digits = integral ? integer(number) : real(number);
        String own = zeros ? "=" : ">";
        return aligned(before, digits, align.isEmpty() ? own : align);
    }

    private boolean isBased() {
        return !type.isEmpty() && "boxX".contains(type);
    }

    private void check(boolean integral) {
        boolean separable = !type.equals("n") && !type.equals("c") && !(separator.equals(",") && isBased());
        if (!separator.isEmpty() && !separable) {
            throw new JinjaException("Cannot specify '" + separator + "' with '" + type + "'.");
        }
        if (integral && precision >= 0) {
            throw new JinjaException("Precision not allowed in integer format specifier");
        }
    }

    private String integer(Num number) {
        BigInteger magnitude = Numbers.toInteger(number).abs();
        return switch (type) {
            case "c" -> Character.toString(Numbers.toIndex(number));
            case "b" -> grouped(magnitude.toString(2));
            case "o" -> grouped(magnitude.toString(8));
            case "x" -> grouped(magnitude.toString(16));
            case "X" -> grouped(magnitude.toString(16)).toUpperCase(Locale.ROOT);
            default -> grouped(magnitude.toString());
        };
    }

    private String real(Num number) {
        int digits = precision < 0 ? 6 : precision;
        double value = number.asDouble();
        return switch (type) {
            case "e", "E", "f", "F", "g", "G" -> grouped(NumberFormat.format(value, type.charAt(0), digits, alternate));
            case "n" -> NumberFormat.format(value, 'g', digits, alternate);
            case "%" -> grouped(NumberFormat.format(value * 100, 'f', digits, alternate)) + "%";
            case "" -> grouped(precision < 0 ? Numbers.repr(Math.abs(value)) : shortest(Math.abs(value)));
            default ->
                throw new JinjaException(
                        "Unknown format code '" + type + "' for object of type '" + Operators.typeName(number) + "'");
        };
    }

    /** Without a type but with a precision: like {@code g}, but with a digit after the point. */
    private String shortest(double magnitude) {
        int digits = Math.max(1, precision);
        String general = NumberFormat.format(magnitude, 'g', digits, false);
        boolean whole = general.chars().allMatch(c -> c >= '0' && c <= '9');
        if (!whole || general.length() < digits) {
            return whole ? general + ".0" : general;
        }
        String scientific = NumberFormat.format(magnitude, 'e', digits - 1, false);
        int e = scientific.indexOf('e');
        String mantissa = scientific.substring(0, e);
        return (mantissa.contains(".") ? mantissa.replaceFirst("\\.?0+$", "") : mantissa) + scientific.substring(e);
    }

    /** The whole digits in groups of three, or of four where they are not decimal. */
    private String grouped(String digits) {
        if (separator.isEmpty()) {
            return digits;
        }
        int end = 0;
        while (end < digits.length() && Character.digit(digits.charAt(end), isBased() ? 16 : 10) >= 0) {
            end++;
        }
        int size = isBased() ? 4 : 3;
        StringBuilder out = new StringBuilder(digits);
        for (int at = end - size; at > 0; at -= size) {
            out.insert(at, separator);
        }
        return out.toString();
    }

    private String aligned(String before, String text, String alignment) {
        return switch (alignment) {
            case "<" -> PythonText.pad(before + text, width, fill, 0);
            case ">" -> PythonText.pad(before + text, width, fill, 1);
            case "=" -> {
                int room = width - before.length();
                yield before + PythonText.pad(zeros ? zeroFilled(text, room) : text, room, fill, 1);
            }
            default -> {
                int missing = Math.max(0, width - PythonText.length(before + text));
                yield fill.repeat(missing / 2) + before + text + fill.repeat(missing - missing / 2);
            }
        };
    }

    /** With a separator, zeros in front are grouped like digits, even past the width. */
    private String zeroFilled(String text, int room) {
        String bare = separator.isEmpty() ? text : text.replace(separator, "");
        String filled = text;
        while (!separator.isEmpty() && filled.length() < room) {
            bare = "0" + bare;
            filled = grouped(bare);
        }
        return filled;
    }
}
