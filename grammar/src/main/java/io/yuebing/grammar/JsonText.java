package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/** How values look in JSON answers: compact, with at most one space after a comma or colon. */
final class JsonText {
    private static final CodePoints ESCAPED = CodePoints.of(0, 0x1F).or(CodePoints.anyOf("\"\\"));
    private static final CodePoints PLAIN = ESCAPED.not();
    private static final String NAMED = "\"\\\b\f\n\r\t";
    private static final String NAMES = "\"\\bfnrt";

    /** One character of a string, plain or escaped in its usual form. */
    static final Expr CHARACTER = character(CodePoints.ALL);

    static final Expr COMMA = Expr.seq(Expr.text(","), Expr.optional(Expr.text(" ")));
    static final Expr COLON = Expr.seq(Expr.text(":"), Expr.optional(Expr.text(" ")));
    static final Expr QUOTE = Expr.text("\"");
    static final Expr STRING = string(new Expr.Repeat(CHARACTER, 0, Expr.UNBOUNDED));
    static final Expr BOOLEAN = Expr.alt(Expr.text("true"), Expr.text("false"));
    static final Expr NULL = Expr.text("null");

    private JsonText() {}

    /** A string with this content. */
    static Expr string(Expr content) {
        return Expr.seq(QUOTE, content, QUOTE);
    }

    /** One character of the set as it stands in a string. */
    static Expr character(CodePoints set) {
        Expr expr = Expr.chars(set.without(ESCAPED));
        for (int i = 0; i < NAMED.length(); i++) {
            if (set.contains(NAMED.charAt(i))) {
                expr = Expr.alt(expr, Expr.text("\\" + NAMES.charAt(i)));
            }
        }
        for (char c = 0; c < 0x20; c++) {
            if (set.contains(c) && NAMED.indexOf(c) < 0) {
                expr = Expr.alt(expr, Expr.text("\\u%04x".formatted((int) c)));
            }
        }
        return expr;
    }

    /** A text as it stands in quotes. */
    static Expr.Text written(String text) {
        StringBuilder written = new StringBuilder();
        text.codePoints().forEach(c -> {
            int name = NAMED.indexOf(c);
            if (name >= 0) {
                written.append('\\').append(NAMES.charAt(name));
            } else if (c < 0x20) {
                written.append("\\u%04x".formatted(c));
            } else {
                written.appendCodePoint(c);
            }
        });
        return new Expr.Text(written.toString());
    }

    /** One of some texts as they stand in quotes. */
    static Expr oneOf(Stream<String> texts) {
        return new Expr.Alt(texts.<Expr>map(JsonText::written).toList());
    }

    /** Elements with commas between them. */
    static Expr list(Expr element, int least, int most) {
        if (most == 0) {
            return least == 0 ? Expr.EMPTY : Expr.NOTHING;
        }
        Expr more = new Expr.Repeat(
                Expr.seq(COMMA, element), Math.max(0, least - 1), most == Expr.UNBOUNDED ? Expr.UNBOUNDED : most - 1);
        Expr some = Expr.seq(element, more);
        return least == 0 ? Expr.optional(some) : some;
    }

    /** A name of a member, without escapes, that is none of {@code taken}. */
    static Expr nameExcept(Collection<String> taken) {
        List<int[]> names =
                taken.stream().map(name -> name.codePoints().toArray()).toList();
        return string(except(names, 0));
    }

    private static Expr except(List<int[]> names, int depth) {
        Expr anything = new Expr.Repeat(Expr.chars(PLAIN), 0, Expr.UNBOUNDED);
        if (names.isEmpty()) {
            return anything;
        }
        TreeMap<Integer, List<int[]>> byNext = new TreeMap<>();
        boolean ends = false;
        for (int[] name : names) {
            if (name.length == depth) {
                ends = true;
            } else {
                byNext.computeIfAbsent(name[depth], c -> new ArrayList<>()).add(name);
            }
        }
        CodePoints others = PLAIN;
        Expr all = ends ? Expr.NOTHING : Expr.EMPTY;
        for (var entry : byNext.entrySet()) {
            CodePoints one = CodePoints.one(entry.getKey());
            others = others.without(one);
            if (PLAIN.contains(entry.getKey())) {
                all = Expr.alt(all, Expr.seq(Expr.chars(one), except(entry.getValue(), depth + 1)));
            }
        }
        return Expr.alt(all, Expr.seq(Expr.chars(others), anything));
    }
}
