package io.yuebing.grammar;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Numbers between bounds as JSON writes them. */
final class NumberRanges {
    /** Integers have up to this many digits. */
    private static final int DIGITS = 15;

    private static final long LARGEST = 999_999_999_999_999L;

    private static final Expr DIGIT = Expr.chars(CodePoints.of('0', '9'));
    private static final Expr FRACTION = Expr.seq(Expr.text("."), new Expr.Repeat(DIGIT, 1, DIGITS));
    private static final Expr EXPONENT = Expr.seq(
            Expr.chars(CodePoints.anyOf("eE")),
            Expr.optional(Expr.chars(CodePoints.anyOf("+-"))),
            new Expr.Repeat(DIGIT, 1, 2));

    private NumberRanges() {}

    /** A bound; null = none. */
    record Bound(BigDecimal value, boolean exclusive) {}

    static Expr integers(@Nullable Bound least, @Nullable Bound most) {
        return integers(lowest(least), highest(most));
    }

    /** Numbers with a fraction keep to the whole steps between the bounds; without bounds also with an exponent. */
    static Expr numbers(@Nullable Bound least, @Nullable Bound most) {
        Expr whole = integers(lowest(least), highest(most));
        if (least == null && most == null) {
            return Expr.seq(whole, Expr.optional(FRACTION), Expr.optional(EXPONENT));
        }
        List<Expr> options = new ArrayList<>();
        options.add(whole);
        long low = lowest(least);
        long high = highest(most);
        // n.f lies in [n, n + 1), -n.f in (-(n + 1), -n].
        if (high >= 1) {
            options.add(Expr.seq(unsigned(Math.max(0, low), high - 1), FRACTION));
        }
        if (low <= -1) {
            options.add(Expr.seq(Expr.text("-"), unsigned(Math.max(0, -high), -low - 1), FRACTION));
        }
        return new Expr.Alt(options);
    }

    /** The lowest integer that keeps a bound. */
    static long lowest(@Nullable Bound bound) {
        if (bound == null) {
            return -LARGEST;
        }
        BigDecimal whole = bound.value().setScale(0, RoundingMode.CEILING);
        boolean excluded = bound.exclusive() && whole.compareTo(bound.value()) == 0;
        return limited(excluded ? whole.add(BigDecimal.ONE) : whole);
    }

    /** The highest integer that keeps a bound. */
    static long highest(@Nullable Bound bound) {
        if (bound == null) {
            return LARGEST;
        }
        BigDecimal whole = bound.value().setScale(0, RoundingMode.FLOOR);
        boolean excluded = bound.exclusive() && whole.compareTo(bound.value()) == 0;
        return limited(excluded ? whole.subtract(BigDecimal.ONE) : whole);
    }

    /** Beyond the largest by one where there is no number at all between the bounds. */
    private static long limited(BigDecimal value) {
        BigDecimal beyond = BigDecimal.valueOf(LARGEST + 1);
        return value.min(beyond).max(beyond.negate()).longValueExact();
    }

    private static Expr integers(long low, long high) {
        List<Expr> options = new ArrayList<>();
        if (high >= 0) {
            options.add(unsigned(Math.max(0, low), high));
        }
        if (low < 0) {
            options.add(Expr.seq(Expr.text("-"), unsigned(Math.max(1, -high), -low)));
        }
        return new Expr.Alt(options);
    }

    /** Numbers without sign and leading zeros. */
    private static Expr unsigned(long low, long high) {
        List<Expr> options = new ArrayList<>();
        long least = low;
        long most = Math.min(high, LARGEST);
        while (least <= most) {
            String first = Long.toString(least);
            long ofLength = Long.parseLong("9".repeat(first.length()));
            options.add(between(first, Long.toString(Math.min(most, ofLength)), 0));
            least = ofLength + 1;
        }
        return new Expr.Alt(options);
    }

    /** Digits from {@code at} on of numbers between two of the same length. */
    private static Expr between(String low, String high, int at) {
        int rest = low.length() - at;
        if (rest == 0) {
            return Expr.EMPTY;
        }
        char first = low.charAt(at);
        char last = high.charAt(at);
        if (first == last) {
            return Expr.seq(Expr.text(String.valueOf(first)), between(low, high, at + 1));
        }
        String nines = high.substring(0, at + 1) + "9".repeat(rest - 1);
        String zeros = low.substring(0, at + 1) + "0".repeat(rest - 1);
        boolean fromZeros = low.equals(zeros);
        boolean toNines = high.equals(nines);
        List<Expr> options = new ArrayList<>();
        if (!fromZeros) {
            options.add(Expr.seq(Expr.text(String.valueOf(first)), between(low, nines, at + 1, low)));
        }
        if (!toNines) {
            options.add(Expr.seq(Expr.text(String.valueOf(last)), between(zeros, high, at + 1, high)));
        }
        int from = fromZeros ? first : first + 1;
        int to = toNines ? last : last - 1;
        if (from <= to) {
            options.add(Expr.seq(Expr.chars(CodePoints.of(from, to)), new Expr.Repeat(DIGIT, rest - 1, rest - 1)));
        }
        return new Expr.Alt(options);
    }

    /** Between bounds that agree in all digits before {@code at} once both begin as {@code common} does. */
    private static Expr between(String low, String high, int at, String common) {
        String begin = common.substring(0, at);
        return between(begin + low.substring(at), begin + high.substring(at), at);
    }
}
