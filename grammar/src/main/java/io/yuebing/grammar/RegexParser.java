package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Reads regular expressions in the syntax that ECMAScript, Java and Python share.
 *
 * <p>Literals, {@code .}, classes, {@code \d \w \s} and their opposites (ASCII), groups, alternatives, greedy and lazy
 * quantifiers (which match the same texts), {@code ^} and {@code $} at the ends of the expression. What is not regular,
 * and {@code \b}, is refused.
 */
final class RegexParser {
    private static final int MAX_REPEAT = 10_000;
    private static final int MAX_DEPTH = 100;

    private static final CodePoints DIGITS = CodePoints.of('0', '9');
    private static final CodePoints WORD = CodePoints.of('0', '9', 'A', 'Z', 'a', 'z', '_', '_');
    private static final CodePoints SPACE = CodePoints.anyOf(" \t\n\r\f\u000b");
    private static final CodePoints NOT_LINE_ENDS =
            CodePoints.anyOf("\n\r\u0085\u2028\u2029").not();

    private final String source;
    /** How a character of the text is written where the text stands. */
    private final Function<CodePoints, Expr> written;

    private final boolean search;
    /** What {@code .} matches. */
    private final CodePoints dot;

    private int at;
    private int depth;

    private RegexParser(String source, Function<CodePoints, Expr> written, boolean search, CodePoints dot) {
        this.source = source;
        this.written = written;
        this.search = search;
        this.dot = dot;
    }

    /** An expression that matches whole texts. */
    static Expr whole(String source) {
        return new RegexParser(source, Expr::chars, false, NOT_LINE_ENDS).parse();
    }

    /** An expression that matches what {@code written} makes of the characters of whole texts. */
    static Expr whole(String source, Function<CodePoints, Expr> written) {
        return whole(source, written, false);
    }

    /** @param dotAll whether {@code .} matches the ends of lines as well */
    static Expr whole(String source, Function<CodePoints, Expr> written, boolean dotAll) {
        return new RegexParser(source, written, false, dotAll ? CodePoints.ALL : NOT_LINE_ENDS).parse();
    }

    /** The same for texts that hold a match somewhere, as {@code pattern} of a JSON schema asks. */
    static Expr search(String source, Function<CodePoints, Expr> written) {
        return new RegexParser(source, written, true, NOT_LINE_ENDS).parse();
    }

    private Expr parse() {
        List<Expr> options = new ArrayList<>();
        do {
            options.add(topAlternative());
        } while (take('|'));
        if (at < source.length()) {
            throw bad("an unmatched ')'");
        }
        return new Expr.Alt(options);
    }

    private Expr topAlternative() {
        List<Expr> parts = new ArrayList<>();
        if (!take('^') && search) {
            parts.add(anything());
        }
        sequence(parts);
        if (!take('$') && search) {
            parts.add(anything());
        }
        return new Expr.Seq(parts);
    }

    private Expr anything() {
        return new Expr.Repeat(written.apply(CodePoints.ALL), 0, Expr.UNBOUNDED);
    }

    private Expr alternatives() {
        if (++depth > MAX_DEPTH) {
            throw bad("more than " + MAX_DEPTH + " groups within each other");
        }
        List<Expr> options = new ArrayList<>();
        do {
            List<Expr> parts = new ArrayList<>();
            sequence(parts);
            options.add(new Expr.Seq(parts));
        } while (take('|'));
        depth--;
        return new Expr.Alt(options);
    }

    private void sequence(List<Expr> parts) {
        while (at < source.length() && "|)".indexOf(source.charAt(at)) < 0 && !endAnchor()) {
            parts.add(quantified(atom()));
        }
    }

    private boolean endAnchor() {
        return depth == 0 && source.charAt(at) == '$' && (at + 1 == source.length() || source.charAt(at + 1) == '|');
    }

    private Expr atom() {
        int c = source.codePointAt(at);
        at += Character.charCount(c);
        return switch (c) {
            case '(' -> group();
            case '[' -> written.apply(set());
            case '.' -> written.apply(dot);
            case '\\' -> written.apply(escape(false));
            case '^', '$' -> throw bad("the anchor '" + (char) c + "' within the expression");
            case '*', '+', '?' -> throw bad("the quantifier '" + (char) c + "' after nothing");
            default -> written.apply(CodePoints.one(c));
        };
    }

    private Expr group() {
        if (take('?')) {
            if (source.startsWith("<", at) || source.startsWith("P<", at)) {
                int close = source.indexOf('>', at);
                String name = close < 0 ? "" : source.substring(source.indexOf('<', at) + 1, close);
                if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
                    throw bad("a lookbehind or a group without a proper name");
                }
                at = close + 1;
            } else if (!take(':')) {
                throw bad("a lookahead or inline flags");
            }
        }
        Expr inner = alternatives();
        if (!take(')')) {
            throw bad("a '(' that is never closed");
        }
        return inner;
    }

    private Expr quantified(Expr body) {
        Expr result = body;
        if (at < source.length()) {
            int least = 0;
            int most = Expr.UNBOUNDED;
            switch (source.charAt(at)) {
                case '*' -> at++;
                case '+' -> {
                    at++;
                    least = 1;
                }
                case '?' -> {
                    at++;
                    most = 1;
                }
                case '{' -> {
                    at++;
                    least = number();
                    most = !take(',') ? least : peek('}') ? Expr.UNBOUNDED : number();
                    if (!take('}') || most != Expr.UNBOUNDED && most < least) {
                        throw bad("a repetition that is not {n}, {n,} or {n,m} with n <= m");
                    }
                }
                default -> {
                    return body;
                }
            }
            result = new Expr.Repeat(body, least, most);
            if (!take('?') && at < source.length() && "*+{".indexOf(source.charAt(at)) >= 0) {
                throw bad("a possessive or doubled quantifier");
            }
        }
        return result;
    }

    private int number() {
        int from = at;
        int value = 0;
        while (at < source.length() && source.charAt(at) >= '0' && source.charAt(at) <= '9') {
            value = Math.min(MAX_REPEAT + 1, 10 * value + source.charAt(at++) - '0');
        }
        if (from == at) {
            throw bad("a repetition without a number");
        }
        if (value > MAX_REPEAT) {
            throw bad("a repetition of more than " + MAX_REPEAT);
        }
        return value;
    }

    private CodePoints set() {
        boolean negated = take('^');
        CodePoints all = CodePoints.of();
        boolean closed = false;
        while (at < source.length() && !closed) {
            if (take(']')) {
                closed = true;
                continue;
            }
            if (source.startsWith("&&", at) || peek('[')) {
                throw bad("a class within a class");
            }
            CodePoints first = member();
            boolean range = peek('-') && at + 1 < source.length() && source.charAt(at + 1) != ']';
            if (range && isOne(first)) {
                at++;
                CodePoints last = member();
                int from = first.ranges().getFirst().first();
                if (!isOne(last) || last.ranges().getFirst().first() < from) {
                    throw bad("a range of characters that runs backwards");
                }
                first = CodePoints.of(from, last.ranges().getFirst().first());
            }
            all = all.or(first);
        }
        if (!closed) {
            throw bad("a '[' that is never closed");
        }
        return negated ? all.not() : all;
    }

    private CodePoints member() {
        int c = source.codePointAt(at);
        at += Character.charCount(c);
        return c == '\\' ? escape(true) : CodePoints.one(c);
    }

    private static boolean isOne(CodePoints set) {
        return set.ranges().size() == 1
                && set.ranges().getFirst().first() == set.ranges().getFirst().last();
    }

    private CodePoints escape(boolean inSet) {
        if (at == source.length()) {
            throw bad("a '\\' at its end");
        }
        char c = source.charAt(at++);
        return switch (c) {
            case 'd' -> DIGITS;
            case 'D' -> DIGITS.not();
            case 'w' -> WORD;
            case 'W' -> WORD.not();
            case 's' -> SPACE;
            case 'S' -> SPACE.not();
            case 'n' -> CodePoints.one('\n');
            case 't' -> CodePoints.one('\t');
            case 'r' -> CodePoints.one('\r');
            case 'f' -> CodePoints.one('\f');
            case 'v' -> CodePoints.one(0x0B);
            case '0' -> CodePoints.one(0);
            case 'x' -> CodePoints.one(hex(2));
            case 'u' -> CodePoints.one(hex(4));
            default -> {
                if (Character.isLetterOrDigit(c) && !(c == 'b' && inSet)) {
                    throw bad("the escape \\" + c);
                }
                yield CodePoints.one(c == 'b' ? '\b' : c);
            }
        };
    }

    private int hex(int digits) {
        try {
            int value = Integer.parseUnsignedInt(source, at, at + digits, 16);
            at += digits;
            return value;
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            throw bad("an escape without its " + digits + " hexadecimal digits");
        }
    }

    private boolean peek(char c) {
        return at < source.length() && source.charAt(at) == c;
    }

    private boolean take(char c) {
        boolean there = peek(c);
        at += there ? 1 : 0;
        return there;
    }

    private GrammarException bad(String what) {
        return new GrammarException("The regular expression has " + what + " near character " + at
                + ", which cannot constrain an answer; see docs/STRUCTURED_OUTPUT.md for the syntax");
    }
}
