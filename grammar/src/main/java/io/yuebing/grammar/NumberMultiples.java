package io.yuebing.grammar;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Multiples of a step between bounds as JSON writes them.
 *
 * <p>A step of 0.25 makes numbers of hundredths whose digits together are a multiple of 25. The states of a
 * {@link Expr.Graph} remember how many digits are to come and the remainder so far, and whether the digits so far are
 * those of a bound; a step's zeros at its end are written behind.
 */
final class NumberMultiples {
    /** Digits of a number, as {@link NumberRanges} has them before the point. */
    private static final int DIGITS = 15;

    /** Largest step without the zeros at its end; each remainder is a state of its own. */
    private static final int LARGEST_STEP = 1024;

    private static final int START = 0;
    private static final int END = Integer.MAX_VALUE;
    private static final int DEAD = -1;

    private final int step;
    private final int decimals;
    private final List<Expr.Edge> edges = new ArrayList<>();
    private final Map<State, Integer> states = new HashMap<>();
    private int numbered = START;

    /**
     * Where a number is after some digits.
     *
     * @param rest digits to come
     * @param low the digits to come at least; null if any will do
     * @param high the digits to come at most; null if any will do
     */
    private record State(
            int rest,
            int remainder,
            @Nullable String low,
            @Nullable String high) {}

    private NumberMultiples(int step, int decimals) {
        this.step = step;
        this.decimals = decimals;
    }

    /**
     * @param step what {@code multipleOf} says
     * @param whole whether only integers are wanted
     * @param path where the schema stands, for errors
     */
    static Expr of(
            BigDecimal step,
            NumberRanges.@Nullable Bound least,
            NumberRanges.@Nullable Bound most,
            boolean whole,
            String path) {
        if (step.signum() <= 0) {
            throw new GrammarException("multipleOf at " + path + " must be more than 0, got " + step);
        }
        if (step.scale() > DIGITS || step.precision() - step.scale() > DIGITS) {
            throw tooFine(step, path);
        }
        BigDecimal shortest = step.stripTrailingZeros();
        int decimals = Math.max(0, shortest.scale());
        BigInteger unscaled = shortest.setScale(decimals).unscaledValue();
        BigInteger wholeStep = unscaled.divide(unscaled.gcd(BigInteger.TEN.pow(decimals)));
        Expr integers = of(wholeStep, 0, least, most, step, path);
        return whole || decimals == 0 ? integers : Expr.alt(integers, of(unscaled, decimals, least, most, step, path));
    }

    private static Expr of(
            BigInteger unscaled,
            int decimals,
            NumberRanges.@Nullable Bound least,
            NumberRanges.@Nullable Bound most,
            BigDecimal step,
            String path) {
        BigDecimal shortest = new BigDecimal(unscaled).stripTrailingZeros();
        int zeros = decimals > 0 ? 0 : Math.max(0, -shortest.scale());
        BigInteger rest = unscaled.divide(BigInteger.TEN.pow(zeros));
        if (rest.compareTo(BigInteger.valueOf(LARGEST_STEP)) > 0 || decimals >= DIGITS) {
            throw tooFine(step, path);
        }
        NumberMultiples positive = new NumberMultiples(rest.intValueExact(), decimals);
        NumberMultiples negative = new NumberMultiples(rest.intValueExact(), decimals);
        long low = NumberRanges.lowest(scaled(least, decimals - zeros));
        long high = NumberRanges.highest(scaled(most, decimals - zeros));
        List<Expr> options = new ArrayList<>();
        // zeros behind a zero would be none of JSON's numbers
        if (zeros > 0 && low <= 0 && high >= 0) {
            options.add(Expr.text("0"));
        }
        Expr behind = Expr.text("0".repeat(zeros));
        options.add(Expr.seq(positive.digits(Math.max(zeros > 0 ? 1 : 0, low), high), behind));
        options.add(Expr.seq(Expr.text("-"), negative.digits(Math.max(1, -high), -low), behind));
        return new Expr.Alt(options);
    }

    private static GrammarException tooFine(BigDecimal step, String path) {
        return new GrammarException("multipleOf " + step.toPlainString() + " at " + path
                + " is not enforced: without zeros at its end and its point it must be at most " + LARGEST_STEP);
    }

    private static NumberRanges.@Nullable Bound scaled(NumberRanges.@Nullable Bound bound, int places) {
        return bound == null
                ? null
                : new NumberRanges.Bound(bound.value().scaleByPowerOfTen(places), bound.exclusive());
    }

    /** The digits of multiples from {@code low}, at least 0, to {@code high}, with the point among them. */
    private Expr digits(long low, long high) {
        for (int length = decimals + 1; length <= DIGITS; length++) {
            long shortest = length == decimals + 1 ? 0 : power(length - 1);
            long from = Math.max(low, shortest);
            long to = Math.min(high, power(length) - 1);
            if (from <= to) {
                int first =
                        state(new State(length, 0, bound(padded(from, length), '0'), bound(padded(to, length), '9')));
                if (first != DEAD) {
                    edges.add(new Expr.Edge(START, Expr.EMPTY, first));
                }
            }
        }
        if (edges.isEmpty()) {
            return Expr.NOTHING;
        }
        int last = numbered + 1;
        return new Expr.Graph(
                last + 1,
                edges.stream()
                        .map(edge -> edge.to() == END ? new Expr.Edge(edge.from(), edge.body(), last) : edge)
                        .toList());
    }

    private static long power(int exponent) {
        return BigInteger.TEN.pow(exponent).longValueExact();
    }

    private static String padded(long number, int length) {
        String digits = Long.toString(number);
        return "0".repeat(length - digits.length()) + digits;
    }

    /** The number of a state, or {@link #DEAD} if no multiple can follow. */
    private int state(State at) {
        if (at.rest() == 0) {
            return at.remainder() == 0 ? END : DEAD;
        }
        Integer known = states.get(at);
        if (known != null) {
            return known;
        }
        Map<Integer, StringBuilder> digits = new TreeMap<>();
        char least = at.low() == null ? '0' : at.low().charAt(0);
        char most = at.high() == null ? '9' : at.high().charAt(0);
        for (char digit = least; digit <= most; digit++) {
            int next = state(new State(
                    at.rest() - 1,
                    (at.remainder() * 10 + digit - '0') % step,
                    digit == least && at.low() != null ? bound(at.low().substring(1), '0') : null,
                    digit == most && at.high() != null ? bound(at.high().substring(1), '9') : null));
            if (next != DEAD) {
                digits.computeIfAbsent(next, _ -> new StringBuilder()).append(digit);
            }
        }
        int number = digits.isEmpty() ? DEAD : ++numbered;
        states.put(at, number);
        digits.forEach((next, some) -> {
            Expr digit = Expr.chars(CodePoints.anyOf(some.toString()));
            boolean afterPoint = decimals > 0 && at.rest() == decimals;
            edges.add(new Expr.Edge(number, afterPoint ? Expr.seq(Expr.text("."), digit) : digit, next));
        });
        return number;
    }

    /** A bound that says something. */
    private static @Nullable String bound(String digits, char any) {
        return digits.chars().allMatch(digit -> digit == any) ? null : digits;
    }
}
