package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A nondeterministic automaton over bytes and rules, grown from expressions as Thompson's construction does. */
final class Nfa {
    private static final int MAX_STATES = 300_000;

    /** An edge that consumes a byte of {@code first..last}. */
    record ByteEdge(int first, int last, int to) {}

    /** An edge that consumes what a rule matches, at least one byte. */
    record RuleEdge(int rule, int to) {}

    private final boolean[] nullable;
    private final List<int[]> silent = new ArrayList<>();
    private final List<List<ByteEdge>> bytes = new ArrayList<>();
    private final List<List<RuleEdge>> rules = new ArrayList<>();
    /** Bytes at which some edge's range begins. */
    private final boolean[] boundaries = new boolean[257];

    /** @param nullable the rules that match the empty text */
    Nfa(boolean[] nullable) {
        this.nullable = nullable;
    }

    int state() {
        if (silent.size() >= MAX_STATES) {
            throw GrammarException.tooLarge("states", MAX_STATES);
        }
        silent.add(new int[0]);
        bytes.add(List.of());
        rules.add(List.of());
        return silent.size() - 1;
    }

    int[] silentFrom(int state) {
        return silent.get(state);
    }

    List<ByteEdge> bytesFrom(int state) {
        return bytes.get(state);
    }

    List<RuleEdge> rulesFrom(int state) {
        return rules.get(state);
    }

    /** Whether a byte is told apart from the one before it. */
    boolean boundary(int b) {
        return boundaries[b];
    }

    /** Adds the ways of an expression between two states. */
    void add(Expr expr, int from, int to) {
        switch (expr) {
            case Expr.Text text -> addText(text.bytes(), from, to);
            case Expr.Chars chars -> Utf8Ranges.of(chars.set()).forEach(ranges -> addRanges(ranges, from, to));
            case Expr.Bytes range -> addRanges(new int[] {range.first(), range.last()}, from, to);
            case Expr.Seq seq -> addSeq(seq.parts(), from, to);
            case Expr.Alt alt -> alt.options().forEach(option -> add(option, from, to));
            case Expr.Repeat repeat -> addRepeat(repeat, from, to);
            case Expr.Ref ref -> {
                rules.set(from, plus(rules.get(from), new RuleEdge(ref.rule(), to)));
                if (nullable[ref.rule()]) {
                    skip(from, to);
                }
            }
            case Expr.Graph graph -> {
                int[] states =
                        new int[graph.states()]; // all its own: ways around must not lead through what is outside
                Arrays.setAll(states, i -> state());
                skip(from, states[0]);
                skip(states[states.length - 1], to);
                graph.edges().forEach(edge -> add(edge.body(), states[edge.from()], states[edge.to()]));
            }
        }
    }

    private void skip(int from, int to) {
        int[] edges = silent.get(from);
        edges = Arrays.copyOf(edges, edges.length + 1);
        edges[edges.length - 1] = to;
        silent.set(from, edges);
    }

    private void addText(byte[] text, int from, int to) {
        int[] ranges = new int[2 * text.length];
        Arrays.setAll(ranges, i -> text[i / 2] & 0xFF);
        addRanges(ranges, from, to);
    }

    private void addRanges(int[] ranges, int from, int to) {
        if (ranges.length == 0) {
            skip(from, to);
        }
        int at = from;
        for (int i = 0; i < ranges.length; i += 2) {
            int next = i + 2 == ranges.length ? to : state();
            bytes.set(at, plus(bytes.get(at), new ByteEdge(ranges[i], ranges[i + 1], next)));
            boundaries[ranges[i]] = true;
            boundaries[ranges[i + 1] + 1] = true;
            at = next;
        }
    }

    private void addSeq(List<Expr> parts, int from, int to) {
        if (parts.isEmpty()) {
            skip(from, to);
        }
        int at = from;
        for (int i = 0; i < parts.size(); i++) {
            int next = i + 1 == parts.size() ? to : state();
            add(parts.get(i), at, next);
            at = next;
        }
    }

    private void addRepeat(Expr.Repeat repeat, int from, int to) {
        int at = state();
        skip(from, at);
        for (int i = 0; i < repeat.least(); i++) {
            int next = state();
            add(repeat.body(), at, next);
            at = next;
        }
        if (repeat.most() == Expr.UNBOUNDED) {
            int loop = state();
            skip(at, loop);
            add(repeat.body(), loop, loop);
            at = loop;
        } else {
            for (int i = repeat.least(); i < repeat.most(); i++) {
                skip(at, to);
                int next = state();
                add(repeat.body(), at, next);
                at = next;
            }
        }
        skip(at, to);
    }

    private static <T> List<T> plus(List<T> list, T element) {
        List<T> more = list.isEmpty() ? new ArrayList<>(2) : list;
        more.add(element);
        return more;
    }
}
