package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes small rules that use no others in place of their names.
 *
 * <p>Which tokens may follow a node depends on the callers of its rule wherever that may end; white space, digits and names
 * as rules of their own would make that the rule rather than the exception.
 */
final class Inlining {
    /** Larger rules stay; about the states that a rule needs. */
    private static final int MAX_SIZE = 100;

    /** Rules that use each other are written out so often; those beyond stay. */
    private static final int MAX_ROUNDS = 10;

    private final List<Expr> rules;
    private boolean changed;

    private Inlining(List<Expr> rules) {
        this.rules = new ArrayList<>(rules);
    }

    /** The same rules, small ones written out where they are used. */
    static List<Expr> of(List<Expr> rules) {
        Inlining inlining = new Inlining(rules);
        for (int round = 0; round < MAX_ROUNDS && (round == 0 || inlining.changed); round++) {
            inlining.changed = false;
            inlining.rules.replaceAll(inlining::inlined);
        }
        return inlining.rules;
    }

    private Expr inlined(Expr expr) {
        return switch (expr) {
            case Expr.Text text -> text;
            case Expr.Chars chars -> chars;
            case Expr.Bytes bytes -> bytes;
            case Expr.Seq seq -> new Expr.Seq(all(seq.parts()));
            case Expr.Alt alt -> new Expr.Alt(all(alt.options()));
            case Expr.Repeat repeat -> new Expr.Repeat(inlined(repeat.body()), repeat.least(), repeat.most());
            case Expr.Ref ref -> inlined(ref);
            case Expr.Graph graph -> {
                List<Expr.Edge> edges = new ArrayList<>();
                for (Expr.Edge edge : graph.edges()) {
                    edges.add(new Expr.Edge(edge.from(), inlined(edge.body()), edge.to()));
                }
                yield new Expr.Graph(graph.states(), edges);
            }
        };
    }

    private List<Expr> all(List<Expr> parts) {
        List<Expr> all = new ArrayList<>(parts.size());
        for (Expr part : parts) {
            all.add(inlined(part));
        }
        return all;
    }

    private Expr inlined(Expr.Ref ref) {
        Expr body = rules.get(ref.rule());
        if (size(body) > MAX_SIZE) {
            return ref;
        }
        changed = true;
        return body;
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
