package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes small rules that use no others in place of their names.
 *
 * <p>Which tokens may follow a node depends on the callers of its rule wherever that may end; white space, digits and names
 * as rules of their own would make that the rule rather than the exception.
 */
final class Inlining {
    /** Larger rules stay; about the states that a rule needs. */
    private static final int MAX_SIZE = 100;

    private final List<Expr> rules;
    private final @Nullable Expr[] done;
    private final boolean[] begun;

    private Inlining(List<Expr> rules) {
        this.rules = rules;
        done = new Expr[rules.size()];
        begun = new boolean[rules.size()];
    }

    /** The same rules, small ones written out where they are used. */
    static List<Expr> of(List<Expr> rules) {
        Inlining inlining = new Inlining(rules);
        for (int rule = 0; rule < rules.size(); rule++) {
            inlining.rule(rule, 0);
        }
        return Arrays.stream(inlining.done).map(Expr.class::cast).toList();
    }

    private void rule(int rule, int depth) {
        begun[rule] = true;
        done[rule] = inlined(rules.get(rule), depth);
    }

    private Expr inlined(Expr expr, int depth) {
        return switch (expr) {
            case Expr.Text text -> text;
            case Expr.Chars chars -> chars;
            case Expr.Bytes bytes -> bytes;
            case Expr.Seq seq -> new Expr.Seq(all(seq.parts(), depth));
            case Expr.Alt alt -> new Expr.Alt(all(alt.options(), depth));
            case Expr.Repeat repeat -> new Expr.Repeat(inlined(repeat.body(), depth), repeat.least(), repeat.most());
            case Expr.Ref ref -> inlined(ref, depth);
            case Expr.Graph graph -> {
                List<Expr.Edge> edges = new ArrayList<>();
                for (Expr.Edge edge : graph.edges()) {
                    edges.add(new Expr.Edge(edge.from(), inlined(edge.body(), depth), edge.to()));
                }
                yield new Expr.Graph(graph.states(), edges);
            }
        };
    }

    private List<Expr> all(List<Expr> parts, int depth) {
        return parts.stream().map(part -> inlined(part, depth)).toList();
    }

    private Expr inlined(Expr.Ref ref, int depth) {
        if (!begun[ref.rule()] && depth < MAX_SIZE) {
            rule(ref.rule(), depth + 1);
        }
        Expr body = done[ref.rule()];
        return body != null && size(body) <= MAX_SIZE ? body : ref;
    }

    /** More than {@link #MAX_SIZE} where another rule is used. */
    private static int size(Expr expr) {
        return switch (expr) {
            case Expr.Text text -> text.text().length();
            case Expr.Chars chars -> chars.set().ranges().size();
            case Expr.Bytes bytes -> 1;
            case Expr.Seq seq -> size(seq.parts());
            case Expr.Alt alt -> size(alt.options());
            case Expr.Repeat repeat ->
                Math.min(MAX_SIZE + 1, size(repeat.body()) * Math.max(1, Math.max(repeat.least(), repeat.most())));
            case Expr.Ref ref -> MAX_SIZE + 1;
            case Expr.Graph graph ->
                size(graph.edges().stream().map(Expr.Edge::body).toList());
        };
    }

    private static int size(List<Expr> parts) {
        int size = 1;
        for (Expr part : parts) {
            size += size <= MAX_SIZE ? size(part) : 0;
        }
        return size;
    }
}
