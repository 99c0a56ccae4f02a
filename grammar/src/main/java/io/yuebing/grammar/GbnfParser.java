package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads grammars in GBNF, the notation of llama.cpp.
 *
 * <pre>
 *   root  ::= term ([-+*] term)*     # a comment
 *   term  ::= [0-9]{1,4} | "(" root ")"
 * </pre>
 */
final class GbnfParser {
    private static final int MAX_REPEAT = 10_000;
    private static final int MAX_DEPTH = 100;

    private final String source;
    private final Map<String, Integer> numbers = new LinkedHashMap<>();
    private final List<@Nullable Expr> rules = new ArrayList<>();
    private int at;
    private int depth;

    private GbnfParser(String source) {
        this.source = source;
    }

    /** The rules, {@code root} first. */
    static List<Expr> parse(String source) {
        return new GbnfParser(source).rules();
    }

    private List<Expr> rules() {
        number("root");
        skipSpace();
        while (at < source.length()) {
            String name = name();
            skipSpace();
            if (name.isEmpty() || !source.startsWith("::=", at)) {
                throw bad("expected a rule such as: root ::= \"yes\" | \"no\"");
            }
            at += 3;
            int rule = number(name);
            if (rules.get(rule) != null) {
                throw bad("the rule " + name + " is defined twice");
            }
            skipSpace();
            rules.set(rule, alternatives());
        }
        List<Expr> all = new ArrayList<>();
        numbers.forEach((name, rule) -> {
            Expr body = rules.get(rule);
            if (body == null) {
                throw new GrammarException("The grammar has no rule named " + name
                        + (rule == 0 ? ", from which every answer starts" : ", which another rule uses"));
            }
            all.add(body);
        });
        return all;
    }

    private int number(String name) {
        Integer known = numbers.putIfAbsent(name, rules.size());
        if (known == null) {
            rules.add(null);
            return rules.size() - 1;
        }
        return known;
    }

    private Expr alternatives() {
        if (++depth > MAX_DEPTH) {
            throw bad("more than " + MAX_DEPTH + " groups within each other");
        }
        List<Expr> options = new ArrayList<>();
        do {
            skipSpace();
            options.add(sequence());
        } while (take('|'));
        depth--;
        return new Expr.Alt(options);
    }

    private Expr sequence() {
        List<Expr> parts = new ArrayList<>();
        while (at < source.length() && "|)".indexOf(source.charAt(at)) < 0 && !ruleBegins()) {
            Expr part = atom();
            skipSpace();
            while (at < source.length() && "*+?{".indexOf(source.charAt(at)) >= 0) {
                part = quantified(part);
                skipSpace();
            }
            parts.add(part);
        }
        return new Expr.Seq(parts);
    }

    private boolean ruleBegins() {
        int from = at;
        boolean begins = !name().isEmpty();
        skipSpace();
        begins &= source.startsWith("::=", at);
        at = from;
        return begins;
    }

    private Expr atom() {
        char c = source.charAt(at);
        if (isNameCharacter(c)) {
            return new Expr.Ref(number(name()));
        }
        at++;
        return switch (c) {
            case '"' -> literal();
            case '[' -> Expr.chars(set());
            case '.' -> Expr.chars(CodePoints.ALL);
            case '(' -> {
                Expr inner = alternatives();
                if (!take(')')) {
                    throw bad("a '(' is never closed");
                }
                yield inner;
            }
            default -> throw bad("unexpected '" + c + "'");
        };
    }

    private Expr literal() {
        StringBuilder text = new StringBuilder();
        while (at < source.length() && source.charAt(at) != '"') {
            text.appendCodePoint(character());
        }
        if (!take('"')) {
            throw bad("a '\"' is never closed");
        }
        return Expr.text(text.toString());
    }

    private CodePoints set() {
        boolean negated = take('^');
        CodePoints all = CodePoints.of();
        while (at < source.length() && source.charAt(at) != ']') {
            int first = character();
            int last = first;
            if (at + 1 < source.length() && source.charAt(at) == '-' && source.charAt(at + 1) != ']') {
                at++;
                last = character();
            }
            if (last < first) {
                throw bad("a range of characters runs backwards");
            }
            all = all.or(CodePoints.of(first, last));
        }
        if (!take(']')) {
            throw bad("a '[' is never closed");
        }
        return negated ? all.not() : all;
    }

    private int character() {
        int c = source.codePointAt(at);
        at += Character.charCount(c);
        if (c != '\\') {
            return c;
        }
        if (at == source.length()) {
            throw bad("a '\\' stands at the end");
        }
        char escaped = source.charAt(at++);
        return switch (escaped) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'U' -> hex(8);
            case '"', '\\', '[', ']', '-', '^', '/' -> escaped;
            default -> throw bad("the escape \\" + escaped + " is unknown");
        };
    }

    private int hex(int digits) {
        try {
            int value = Integer.parseUnsignedInt(source, at, at + digits, 16);
            at += digits;
            if (Character.isValidCodePoint(value)) {
                return value;
            }
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            // told below
        }
        throw bad("an escape needs " + digits + " hexadecimal digits of a character");
    }

    private Expr quantified(Expr body) {
        char c = source.charAt(at++);
        if (c != '{') {
            return new Expr.Repeat(body, c == '+' ? 1 : 0, c == '?' ? 1 : Expr.UNBOUNDED);
        }
        int close = source.indexOf('}', at);
        String range = close < 0 ? "" : source.substring(at, close);
        if (!range.matches("\\s*\\d{1,5}\\s*(,\\s*(\\d{1,5}\\s*)?)?")) {
            throw bad("a repetition must be {n}, {n,} or {n,m}");
        }
        at = close + 1;
        String[] ends = range.split(",", -1);
        int least = Integer.parseInt(ends[0].strip());
        int most = ends.length == 1 ? least : ends[1].isBlank() ? Expr.UNBOUNDED : Integer.parseInt(ends[1].strip());
        if (Math.max(least, most) > MAX_REPEAT || most != Expr.UNBOUNDED && most < least) {
            throw bad("a repetition must have n <= m <= " + MAX_REPEAT);
        }
        return new Expr.Repeat(body, least, most);
    }

    private String name() {
        int from = at;
        while (at < source.length() && isNameCharacter(source.charAt(at))) {
            at++;
        }
        return source.substring(from, at);
    }

    private static boolean isNameCharacter(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_';
    }

    private void skipSpace() {
        while (at < source.length()) {
            if (source.charAt(at) == '#') {
                int end = source.indexOf('\n', at);
                at = end < 0 ? source.length() : end;
            } else if (Character.isWhitespace(source.charAt(at))) {
                at++;
            } else {
                return;
            }
        }
    }

    private boolean take(char c) {
        boolean there = at < source.length() && source.charAt(at) == c;
        at += there ? 1 : 0;
        return there;
    }

    private GrammarException bad(String what) {
        long line = source.substring(0, Math.min(at, source.length())).lines().count();
        return new GrammarException("The grammar is not GBNF: " + what + " (line " + Math.max(1, line) + ")");
    }
}
