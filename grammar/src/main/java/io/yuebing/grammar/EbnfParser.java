package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the notations of grammars share: rules that name each other, alternatives, groups, repetitions and escapes. */
abstract sealed class EbnfParser permits GbnfParser, LarkParser {
    private static final int MAX_REPEAT = 10_000;
    private static final int MAX_DEPTH = 100;
    private static final int MAX_RULES = 5_000;

    final String source;
    int at;

    private final String notation;
    private final Map<String, Integer> numbers = new LinkedHashMap<>();
    private final List<@Nullable Expr> rules = new ArrayList<>();
    private int depth;

    /** @param notation what the grammar is written in, for errors */
    EbnfParser(String source, String notation) {
        this.source = source;
        this.notation = notation;
    }

    private static final Pattern GBNF_RULE = Pattern.compile("^\\s*[\\w-]+\\s*::=", Pattern.MULTILINE);

    /** The rules of a grammar in GBNF, which has {@code ::=} after a rule's name, or in Lark's notation; the answer's first. */
    static List<Expr> parse(String source) {
        return GBNF_RULE.matcher(source).find() ? GbnfParser.parse(source) : LarkParser.parse(source);
    }

    /** Whether a sequence ends here for another reason than {@code |}, a closing bracket or the end of the source. */
    abstract boolean sequenceEnds();

    /** What stands here, without repetitions. */
    abstract Expr atom();

    /** Whether the repetition sign that stands here repeats the atom before it. */
    abstract boolean repeats();

    abstract void skipSpace();

    // ---- rules

    /** The number of a rule, which may be defined later. */
    final int number(String name) {
        Integer known = numbers.putIfAbsent(name, rules.size());
        if (known == null) {
            if (rules.size() == MAX_RULES) {
                throw GrammarException.tooLarge("rules", MAX_RULES);
            }
            rules.add(null);
            return rules.size() - 1;
        }
        return known;
    }

    final void define(String name, Expr body) {
        int rule = number(name);
        if (rules.get(rule) != null) {
            throw bad("the rule " + name + " is defined twice");
        }
        rules.set(rule, body);
    }

    /** All rules in the order of their numbers, ready for an automaton. */
    final List<Expr> rules() {
        List<Expr> all = new ArrayList<>();
        numbers.forEach((name, rule) -> {
            Expr body = rules.get(rule);
            if (body == null) {
                throw new GrammarException("The grammar has no rule named " + name
                        + (rule == 0 ? ", from which every answer starts" : ", which another rule uses"));
            }
            all.add(body);
        });
        return Inlining.of(LeftRecursion.removed(all));
    }

    // ---- what stands right of a rule's name

    final Expr alternatives() {
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
        while (at < source.length() && "|)]".indexOf(source.charAt(at)) < 0 && !sequenceEnds()) {
            Expr part = atom();
            while (at < source.length() && repeats()) {
                part = repeated(part);
            }
            skipSpace();
            parts.add(part);
        }
        return new Expr.Seq(parts);
    }

    /** What stands between an opening bracket, which has been read, and its closing one. */
    final Expr group(char opened, char closing) {
        Expr inner = alternatives();
        if (!take(closing)) {
            throw bad("a '" + opened + "' is never closed");
        }
        return inner;
    }

    private Expr repeated(Expr body) {
        return switch (source.charAt(at++)) {
            case '*' -> new Expr.Repeat(body, 0, Expr.UNBOUNDED);
            case '+' -> new Expr.Repeat(body, 1, Expr.UNBOUNDED);
            case '?' -> Expr.optional(body);
            case '~' -> counted(body, "\\s*\\d{1,5}(\\s*\\.\\.\\s*\\d{1,5})?", "\\.\\.", "~n or ~n..m");
            default -> {
                Expr repeat = counted(
                        body,
                        "\\s*(\\d{1,5}\\s*(,\\s*(\\d{1,5}\\s*)?)?|,\\s*\\d{1,5}\\s*)",
                        ",",
                        "{n}, {n,}, {,m} or {n,m}");
                if (!take('}')) {
                    throw bad("a '{' is never closed");
                }
                yield repeat;
            }
        };
    }

    private Expr counted(Expr body, String form, String separator, String forms) {
        Matcher range = Pattern.compile(form).matcher(source).region(at, source.length());
        if (!range.lookingAt()) {
            throw bad("a repetition must be " + forms);
        }
        at = range.end();
        String[] ends = range.group().split(separator, -1);
        int least = ends[0].isBlank() ? 0 : Integer.parseInt(ends[0].strip());
        int most = ends.length == 1 ? least : ends[1].isBlank() ? Expr.UNBOUNDED : Integer.parseInt(ends[1].strip());
        if (Math.max(least, most) > MAX_REPEAT || most != Expr.UNBOUNDED && most < least) {
            throw bad("a repetition must have n <= m <= " + MAX_REPEAT);
        }
        return new Expr.Repeat(body, least, most);
    }

    // ---- characters

    /** The text up to a quote, after the opening one. */
    final String quoted(char quote) {
        StringBuilder text = new StringBuilder();
        while (at < source.length() && source.charAt(at) != quote) {
            text.appendCodePoint(character());
        }
        if (!take(quote)) {
            throw bad("a '" + quote + "' is never closed");
        }
        return text.toString();
    }

    /** One character, which may be escaped. */
    final int character() {
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
            case 'f' -> '\f';
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'U' -> hex(8);
            case '"', '\'', '\\', '[', ']', '-', '^', '/' -> escaped;
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

    final boolean take(char c) {
        boolean there = at < source.length() && source.charAt(at) == c;
        at += there ? 1 : 0;
        return there;
    }

    /** What is wrong with the grammar at this place. */
    final GrammarException bad(String what) {
        long line = source.substring(0, Math.min(at, source.length())).lines().count();
        return new GrammarException(
                "The grammar is not " + notation + ": " + what + " (line " + Math.max(1, line) + ")");
    }
}
