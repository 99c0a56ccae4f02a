package io.yuebing.grammar;

import java.util.List;

/**
 * Reads grammars in GBNF, the notation of llama.cpp and, as EBNF, of XGrammar.
 *
 * <pre>
 *   root  ::= term ([-+*] term)*     # a comment
 *   term  ::= [0-9]{1,4} | "(" root ")"
 * </pre>
 */
final class GbnfParser extends EbnfParser {
    private GbnfParser(String source) {
        super(source, "GBNF");
    }

    /** The rules, {@code root} first. */
    static List<Expr> parse(String source) {
        GbnfParser parser = new GbnfParser(source);
        parser.definitions();
        return parser.rules();
    }

    private void definitions() {
        number("root");
        skipSpace();
        while (at < source.length()) {
            String name = name();
            skipSpace();
            if (name.isEmpty() || !source.startsWith("::=", at)) {
                throw bad("expected a rule such as: root ::= \"yes\" | \"no\"");
            }
            at += 3;
            define(name, alternatives());
        }
    }

    @Override
    boolean sequenceEnds() {
        int from = at;
        boolean ruleBegins = !name().isEmpty();
        skipSpace();
        ruleBegins &= source.startsWith("::=", at);
        at = from;
        return ruleBegins;
    }

    @Override
    Expr atom() {
        char c = source.charAt(at);
        if (isNameCharacter(c)) {
            return new Expr.Ref(number(name()));
        }
        at++;
        return switch (c) {
            case '"' -> Expr.text(quoted('"'));
            case '[' -> Expr.chars(set());
            case '.' -> Expr.chars(CodePoints.ALL);
            case '(' -> group('(', ')');
            default -> throw bad("unexpected '" + c + "'");
        };
    }

    @Override
    boolean repeats() {
        skipSpace();
        return at < source.length() && "*+?{".indexOf(source.charAt(at)) >= 0;
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

    @Override
    void skipSpace() {
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
}
