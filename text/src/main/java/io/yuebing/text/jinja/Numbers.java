package io.yuebing.text.jinja;

import io.yuebing.text.jinja.Value.Bool;
import io.yuebing.text.jinja.Value.Float;
import io.yuebing.text.jinja.Value.Int;
import io.yuebing.text.jinja.Value.Num;
import io.yuebing.text.jinja.Value.Str;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Python's arithmetic: integers without limit, floored division, {@code repr} of doubles. */
final class Numbers {
    private static final Pattern INTEGER = Pattern.compile("[+-]?\\d+(_\\d+)*", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern REAL = Pattern.compile(
            "[+-]?((\\d+(_\\d+)*)(\\.(\\d+(_\\d+)*)?)?|\\.\\d+(_\\d+)*)([eE][+-]?\\d+(_\\d+)*)?|[+-]?(nan|inf|infinity)",
            Pattern.CASE_INSENSITIVE);
    /** Python itself would compute longer powers, slowly. */
    private static final int LONGEST_POWER_BITS = 1 << 20;

    private Numbers() {}

    /** The integer that an integer or boolean is. */
    static BigInteger toInteger(Num number) {
        return switch (number) {
            case Int i -> i.number();
            case Bool b -> b.isTrue() ? BigInteger.ONE : BigInteger.ZERO;
            case Float f -> throw new JinjaException("'float' object cannot be interpreted as an integer");
        };
    }

    /** The integer that a size, a width or an index is; clamped to the range of {@code int}. */
    static int toIndex(Value value) {
        if (!(value instanceof Num number)) {
            throw new JinjaException("'" + Operators.typeName(value) + "' object cannot be interpreted as an integer");
        }
        BigInteger wide = toInteger(number);
        return wide.bitLength() < 32 ? wide.intValue() : wide.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    }

    static Value add(Num a, Num b) {
        return real(a, b)
                ? new Float(finite(a) + finite(b))
                : new Int(toInteger(a).add(toInteger(b)));
    }

    static Value subtract(Num a, Num b) {
        return real(a, b)
                ? new Float(finite(a) - finite(b))
                : new Int(toInteger(a).subtract(toInteger(b)));
    }

    static Value multiply(Num a, Num b) {
        return real(a, b)
                ? new Float(finite(a) * finite(b))
                : new Int(toInteger(a).multiply(toInteger(b)));
    }

    static Value divide(Num a, Num b) {
        refuseZero(b, real(a, b) ? "float division by zero" : "division by zero");
        if (!real(a, b)) {
            BigDecimal quotient =
                    new BigDecimal(toInteger(a)).divide(new BigDecimal(toInteger(b)), new MathContext(40));
            boolean negativeZero = quotient.signum() == 0 && toInteger(b).signum() < 0;
            return new Float(negativeZero ? -0.0 : finite(quotient.doubleValue()));
        }
        return new Float(finite(a) / finite(b));
    }

    static Value floorDivide(Num a, Num b) {
        refuseZero(b, real(a, b) ? "float floor division by zero" : "integer division or modulo by zero");
        if (!real(a, b)) {
            BigInteger[] parts = toInteger(a).divideAndRemainder(toInteger(b));
            boolean below =
                    parts[1].signum() != 0 && parts[1].signum() != toInteger(b).signum();
            return new Int(below ? parts[0].subtract(BigInteger.ONE) : parts[0]);
        }
        double x = finite(a);
        double y = finite(b);
        double rest = x % y;
        double quotient = (x - rest) / y - (rest != 0 && rest < 0 != y < 0 ? 1 : 0);
        // The quotient is whole up to rounding errors, which can put it just below.
        double whole = Math.floor(quotient);
        double nearest = quotient - whole > 0.5 ? whole + 1 : whole;
        return new Float(quotient == 0 ? Math.copySign(0.0, x / y) : nearest);
    }

    static Value modulo(Num a, Num b) {
        refuseZero(b, real(a, b) ? "float modulo" : "integer division or modulo by zero");
        if (real(a, b)) {
            return new Float(modulo(finite(a), finite(b)));
        }
        BigInteger rest = toInteger(a).remainder(toInteger(b));
        boolean below = rest.signum() != 0 && rest.signum() != toInteger(b).signum();
        return new Int(below ? rest.add(toInteger(b)) : rest);
    }

    private static double modulo(double x, double y) {
        double rest = x % y;
        if (rest == 0) {
            return Math.copySign(0.0, y);
        }
        return (rest < 0) == (y < 0) ? rest : rest + y;
    }

    static Value power(Num a, Num b) {
        if (!real(a, b) && toInteger(b).signum() >= 0) {
            BigInteger base = toInteger(a);
            BigInteger exponent = toInteger(b);
            if (base.bitLength() > 1
                    && (exponent.bitLength() > 31
                            || (long) base.bitLength() * exponent.intValue() > LONGEST_POWER_BITS)) {
                throw new JinjaException("the power is too large to be computed");
            }
            // Bases -1, 0 and 1 take exponents of any length; only their parity matters.
            return new Int(base.pow(exponent.bitLength() > 31 ? 2 + exponent.intValue() & 1 : exponent.intValue()));
        }
        double x = finite(a);
        double y = finite(b);
        if (x == 0 && y < 0) {
            throw new JinjaException("0.0 cannot be raised to a negative power");
        }
        double power = Math.pow(x, y);
        if (Double.isNaN(power) || Double.isInfinite(power) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
            throw new JinjaException("the power is not a real number of limited size");
        }
        return new Float(power);
    }

    static Value negate(Num a) {
        return a instanceof Float f
                ? new Float(-f.number())
                : new Int(toInteger(a).negate());
    }

    private static boolean real(Num a, Num b) {
        return a instanceof Float || b instanceof Float;
    }

    private static double finite(Num number) {
        return number instanceof Float f ? f.number() : finite(number.asDouble());
    }

    private static double finite(double converted) {
        if (Double.isInfinite(converted)) {
            throw new JinjaException("int too large to convert to float");
        }
        return converted;
    }

    private static void refuseZero(Num divisor, String problem) {
        if (divisor.asDouble() == 0) {
            throw new JinjaException(problem);
        }
    }

    /** Python's {@code round}: half to even on the exact binary value; an integer stays an integer. */
    static Value round(Num number, int digits) {
        if (number instanceof Float f) {
            if (Double.isNaN(f.number()) || Double.isInfinite(f.number()) || digits > 400) {
                return f;
            }
            double rounded = new BigDecimal(f.number())
                    .setScale(Math.max(digits, -400), RoundingMode.HALF_EVEN)
                    .doubleValue();
            return new Float(Math.copySign(rounded, f.number()));
        }
        BigDecimal exact = new BigDecimal(toInteger(number));
        return new Int((digits >= 0 ? exact : exact.setScale(Math.max(digits, -100_000), RoundingMode.HALF_EVEN))
                .toBigInteger());
    }

    static Num ceiling(Value number) {
        return number instanceof Float f ? rounded(f, RoundingMode.CEILING) : (Num) number;
    }

    static Num floor(Value number) {
        return number instanceof Float f ? rounded(f, RoundingMode.FLOOR) : (Num) number;
    }

    private static Num rounded(Float number, RoundingMode mode) {
        if (Double.isNaN(number.number()) || Double.isInfinite(number.number())) {
            throw new JinjaException("cannot convert float " + repr(number.number()) + " to integer");
        }
        return new Int(new BigDecimal(number.number()).setScale(0, mode).toBigInteger());
    }

    /** Python's {@code int(text, base)}; empty if the text is no such number. */
    static Optional<Value> parseInteger(String text, int base) {
        String digits = PythonText.strip(text).toLowerCase(Locale.ROOT);
        int radix = base;
        if (base != 10) {
            String sign = digits.startsWith("-") || digits.startsWith("+") ? digits.substring(0, 1) : "";
            String rest = digits.substring(sign.length());
            int named = rest.startsWith("0x") ? 16 : rest.startsWith("0o") ? 8 : rest.startsWith("0b") ? 2 : 0;
            if (named != 0 && (base == 0 || base == named)) {
                radix = named;
                digits = sign + (rest.startsWith("_", 2) ? rest.substring(3) : rest.substring(2));
            } else if (base == 0) {
                radix = 10;
            }
        }
        if (radix < 2 || radix > 36 || radix == 10 && !INTEGER.matcher(digits).matches() || digits.length() > 4300) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Int(new BigInteger(digits.replace("_", ""), radix)));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Python's {@code float(text)}; empty if the text is no such number. */
    static Optional<Value> parseFloat(String text) {
        String trimmed = PythonText.strip(text).toLowerCase(Locale.ROOT);
        if (!REAL.matcher(trimmed).matches()) {
            return Optional.empty();
        }
        String sign = trimmed.startsWith("-") ? "-" : "";
        if (trimmed.endsWith("nan")) {
            return Optional.of(new Float(Double.NaN));
        }
        if (trimmed.contains("inf")) {
            return Optional.of(new Float(Double.parseDouble(sign + "Infinity")));
        }
        return Optional.of(new Float(Double.parseDouble(trimmed.replace("_", ""))));
    }

    /** Python's {@code int(value)} of a number or a string; empty where Python raises. */
    static Optional<Value> truncated(Value value, int base) {
        return switch (value) {
            case Float f when Double.isNaN(f.number()) || Double.isInfinite(f.number()) -> Optional.empty();
            case Float f -> Optional.of(new Int(new BigDecimal(f.number()).toBigInteger()));
            case Num n -> Optional.of(new Int(toInteger(n)));
            case Str s -> parseInteger(s.text(), base);
            default -> Optional.empty();
        };
    }

    /** Python's {@code repr} of a double: the shortest digits that read back as the same number. */
    static String repr(double number) {
        if (Double.isNaN(number)) {
            return "nan";
        }
        if (Double.isInfinite(number)) {
            return number < 0 ? "-inf" : "inf";
        }
        if (number == 0) {
            return 1 / number < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = shortest(Math.abs(number));
        String digits = shortest.unscaledValue().toString();
        int exponent = digits.length() - shortest.scale() - 1;
        String sign = number < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
            return "%s%c%se%c%02d"
                    .formatted(sign, digits.charAt(0), fraction, exponent < 0 ? '-' : '+', Math.abs(exponent));
        }
        String plain = shortest.toPlainString();
        return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
    }

    private static BigDecimal shortest(double positive) {
        BigDecimal shortest = new BigDecimal(Double.toString(positive)).stripTrailingZeros();
        // Java gives two digits where one would do, as for the smallest double: 4.9E-324.
        BigDecimal single = shortest.round(new MathContext(1, RoundingMode.HALF_EVEN));
        return (single.doubleValue() == positive ? single : shortest).stripTrailingZeros();
    }
}
