package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads grammars in the notation of Lark, as vLLM and llguidance take them.
 *
 * <pre>
 *   start: term (("+" | "-") term)*     // or: # a comment
 *   ?term: NUMBER | "(" start ")"
 *   NUMBER: /[0-9]{1,4}/
 *   %ignore " "
 * </pre>
 *
 * <p>What says how a syntax tree looks ({@code ?}, {@code !}, {@code ->}, priorities) is read and has no effect. A terminal may
 * be written in all ways that it matches, not only the longest; what is ignored may follow each terminal of a rule.
 *
 * @see <a href="https://lark-parser.readthedocs.io/en/latest/grammar.html">Grammar Reference of Lark</a>
 */
final class LarkParser extends EbnfParser {
    private static final Pattern HEADER = Pattern.compile("[?!]{0,2}([a-zA-Z_][\\w-]*)(\\.-?\\d+)?\\s*:");
    private static final Pattern NAME = Pattern.compile("[a-zA-Z_][\\w-]*");
    private static final Pattern IMPORT =
            Pattern.compile("\\s*(\\w+)(?:\\s*\\.\\s*(\\w+)(?:[ \\t]*->[ \\t]*(\\w+))?|\\s*\\(([\\w\\s,]*)\\))");

    private static final String ANSWER = "%answer";
    private static final String IGNORED = "%ignore";

    private final List<Expr> ignored = new ArrayList<>();
    private boolean inTerminal;
    private @Nullable String firstRule;

    private LarkParser(String source) {
        super(source, "Lark");
    }

    /** The rules, the answer's first. */
    static List<Expr> parse(String source) {
        LarkParser parser = new LarkParser(source);
        parser.definitions();
        return parser.rules();
    }

    private void definitions() {
        number(ANSWER);
        skipSpace();
        while (at < source.length()) {
            if (take('%')) {
                statement(match(NAME, "a statement such as %ignore").group());
            } else {
                String name = match(
                                HEADER,
                                "a rule such as: start: \"yes\" | \"no\"; or, as GBNF, root ::= \"yes\" | \"no\"")
                        .group(1);
                inTerminal = isTerminal(name);
                define(name, alternatives());
                firstRule = firstRule == null || name.equals("start") ? name : firstRule;
            }
            skipSpace();
        }
        if (firstRule == null) {
            throw bad("it has no rule");
        }
        define(ANSWER, new Expr.Ref(number(firstRule)));
        define(IGNORED, new Expr.Repeat(new Expr.Alt(ignored), 0, Expr.UNBOUNDED));
    }

    private static boolean isTerminal(String name) {
        return name.chars().filter(Character::isLetter).findFirst().stream().anyMatch(Character::isUpperCase);
    }

    private Matcher match(Pattern pattern, String expected) {
        Matcher matcher = pattern.matcher(source).region(at, source.length());
        if (!matcher.lookingAt()) {
            throw bad("expected " + expected);
        }
        at = matcher.end();
        return matcher;
    }

    private void statement(String name) {
        switch (name) {
            case "ignore" -> {
                inTerminal = true;
                ignored.add(alternatives());
            }
            case "import" -> {
                Matcher of = match(IMPORT, "%import common.NAME");
                if (!of.group(1).equals("common")) {
                    throw bad("only terminals of common can be imported, not of " + of.group(1));
                }
                if (of.group(4) == null) {
                    imported(of.group(2), of.group(3) == null ? of.group(2) : of.group(3));
                } else {
                    for (String one : of.group(4).strip().split("\\s*,\\s*")) {
                        imported(one, one);
                    }
                }
            }
            default -> throw bad("%" + name + " is not supported, only %ignore and %import common");
        }
    }

    private void imported(String name, String as) {
        String expression = LarkTerminals.expression(name)
                .orElseThrow(() -> bad("common has no terminal " + name + "; it has " + LarkTerminals.names()));
        define(as, RegexParser.whole(expression));
    }

    @Override
    boolean sequenceEnds() {
        return source.charAt(at) == '%'
                || HEADER.matcher(source).region(at, source.length()).lookingAt();
    }

    @Override
    Expr atom() {
        char c = source.charAt(at);
        if (NAME.matcher(source).region(at, source.length()).lookingAt()) {
            String name = match(NAME, "a name").group();
            if (name.endsWith("-") && at < source.length() && source.charAt(at) == '>') {
                at--;
                name = name.substring(0, name.length() - 1);
            }
            Expr ref = new Expr.Ref(number(name));
            return isTerminal(name) ? terminal(ref) : ref;
        }
        if (source.startsWith("->", at)) {
            at += 2;
            skipSpace();
            match(NAME, "a name after ->");
            return Expr.EMPTY;
        }
        at++;
        return switch (c) {
            case '"', '\'' -> terminal(literal(c));
            case '/' -> terminal(expression());
            case '(' -> group('(', ')');
            case '[' -> Expr.optional(group('[', ']'));
            default -> throw bad("unexpected '" + c + "'");
        };
    }

    /** A terminal, in a rule with what is ignored after it. */
    private Expr terminal(Expr expr) {
        return inTerminal ? expr : Expr.seq(expr, new Expr.Ref(number(IGNORED)));
    }

    private Expr literal(char quote) {
        String text = quoted(quote);
        if (source.startsWith("..", at) && at + 2 < source.length() && "\"'".indexOf(source.charAt(at + 2)) >= 0) {
            at += 3;
            String last = quoted(source.charAt(at - 1));
            if (text.codePointCount(0, text.length()) != 1
                    || last.codePointCount(0, last.length()) != 1
                    || last.codePointAt(0) < text.codePointAt(0)) {
                throw bad("a range must be two characters in order, such as \"a\"..\"z\"");
            }
            return Expr.chars(CodePoints.of(text.codePointAt(0), last.codePointAt(0)));
        }
        return take('i')
                ? new Expr.Seq(text.codePoints()
                        .mapToObj(c -> Expr.chars(CodePoints.one(c).inBothCases()))
                        .toList())
                : Expr.text(text);
    }

    /** A regular expression, after its opening slash. */
    private Expr expression() {
        int from = at;
        while (at < source.length() && source.charAt(at) != '/' && source.charAt(at) != '\n') {
            at += source.charAt(at) == '\\' ? 2 : 1;
        }
        String expression = source.substring(from, Math.min(at, source.length()));
        if (!take('/')) {
            throw bad("a '/' is never closed");
        }
        boolean anyCase = false;
        boolean dotAll = false;
        for (; at < source.length() && Character.isLetter(source.charAt(at)); at++) {
            switch (source.charAt(at)) {
                case 'i' -> anyCase = true;
                case 's' -> dotAll = true;
                default -> throw bad("the flag " + source.charAt(at) + " of /" + expression + "/ is unknown");
            }
        }
        if (anyCase && expression.contains("[^")) {
            throw bad("the flag i is not supported beside [^…] in /" + expression + "/; list both cases");
        }
        boolean both = anyCase;
        return RegexParser.whole(expression, set -> Expr.chars(both ? set.inBothCases() : set), dotAll);
    }

    @Override
    boolean repeats() {
        int sign = at;
        while (sign < source.length() && " \t".indexOf(source.charAt(sign)) >= 0) {
            sign++;
        }
        boolean repeats = sign < source.length() && "*+?~{".indexOf(source.charAt(sign)) >= 0;
        at = repeats ? sign : at;
        return repeats;
    }

    @Override
    void skipSpace() {
        while (at < source.length()) {
            if (source.charAt(at) == '#' || source.startsWith("//", at)) {
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
