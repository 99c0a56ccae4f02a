package io.yuebing.text.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Digits of a double as C's {@code printf} and Python write them: fixed, scientific, or the shorter of the two. */
final class NumberFormat {
    private NumberFormat() {}

    /**
     * Formats the magnitude of a number.
     *
     * @param type one of {@code e f g} in either case
     * @param alternate whether {@code g} keeps trailing zeros, and the point stays where no digit follows
     */
    static String format(double number, char type, int precision, boolean alternate) {
        if (precision > 10_000) {
            throw new JinjaException("precision too big");
        }
        String text;
        double magnitude = Math.abs(number);
        if (Double.isNaN(magnitude) || Double.isInfinite(magnitude)) {
            text = Double.isNaN(magnitude) ? "nan" : "inf";
        } else {
            text = switch (Character.toLowerCase(type)) {
                case 'f' -> fixed(magnitude, precision, alternate);
                case 'e' -> scientific(magnitude, precision, alternate);
                default -> general(magnitude, Math.max(1, precision), alternate);
            };
        }
        return Character.isUpperCase(type) ? text.toUpperCase(Locale.ROOT) : text;
    }

    private static String fixed(double magnitude, int precision, boolean alternate) {
        String digits = new BigDecimal(magnitude)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .toPlainString();
        return alternate && precision == 0 ? digits + "." : digits;
    }

    private static String scientific(double magnitude, int precision, boolean alternate) {
        BigDecimal rounded = new BigDecimal(magnitude).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        String digits = rounded.unscaledValue().toString();
        int exponent = magnitude == 0 ? 0 : digits.length() - rounded.scale() - 1;
        StringBuilder mantissa = new StringBuilder(digits).repeat('0', Math.max(0, precision + 1 - digits.length()));
        mantissa.setLength(precision + 1);
        if (precision > 0 || alternate) {
            mantissa.insert(1, '.');
        }
        return "%se%c%02d".formatted(mantissa, exponent < 0 ? '-' : '+', Math.abs(exponent));
    }

    private static String general(double magnitude, int precision, boolean alternate) {
        String scientific = scientific(magnitude, precision - 1, alternate);
        int exponent = Integer.parseInt(scientific.substring(scientific.indexOf('e') + 1));
        if (exponent >= -4 && exponent < precision) {
            String fixed = fixed(magnitude, precision - 1 - exponent, alternate);
            return alternate ? fixed : withoutTrailingZeros(fixed);
        }
        int e = scientific.indexOf('e');
        return alternate ? scientific : withoutTrailingZeros(scientific.substring(0, e)) + scientific.substring(e);
    }

    private static String withoutTrailingZeros(String digits) {
        return digits.indexOf('.') < 0 ? digits : digits.replaceFirst("\\.?0+$", "");
    }
}
