package io.yuebing.grammar;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** The right side of a grammar's rule. */
sealed interface Expr {
    /** No upper bound of a {@link Repeat}. */
    int UNBOUNDED = -1;

    Expr EMPTY = new Seq(List.of());

    /** Matches nothing, not even the empty text. */
    Expr NOTHING = new Alt(List.of());

    /** Exactly this text. */
    record Text(String text) implements Expr {
        byte[] bytes() {
            return text.getBytes(StandardCharsets.UTF_8);
        }
    }

    /** One character of a set. */
    record Chars(CodePoints set) implements Expr {}

    /** One byte of a range, both ends included; for what is found out about UTF-8 texts byte by byte. */
    record Bytes(int first, int last) implements Expr {}

    /** One after the other. */
    record Seq(List<Expr> parts) implements Expr {}

    /** One of them. */
    record Alt(List<Expr> options) implements Expr {}

    /** The same several times; {@code most} may be {@link #UNBOUNDED}. */
    record Repeat(Expr body, int least, int most) implements Expr {}

    /** What rule number {@code rule} matches. */
    record Ref(int rule) implements Expr {}

    /** Ways from state 0 to the last of {@code states} states. */
    record Graph(int states, List<Edge> edges) implements Expr {}

    /** A way between two states of a graph. */
    record Edge(int from, Expr body, int to) {}

    static Expr text(String text) {
        return new Text(text);
    }

    static Expr seq(Expr... parts) {
        return new Seq(List.of(parts));
    }

    static Expr alt(Expr... options) {
        return new Alt(List.of(options));
    }

    static Expr optional(Expr body) {
        return new Repeat(body, 0, 1);
    }

    static Expr chars(CodePoints set) {
        return set.isEmpty() ? NOTHING : new Chars(set);
    }
}
