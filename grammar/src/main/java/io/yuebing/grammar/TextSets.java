package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells texts apart by which of some expressions they match, running the automata of all side by side.
 *
 * <p>Expressions are numbered from 0; none of them uses rules. Only texts of expression 0 are looked at.
 */
final class TextSets {
    private static final int MAX_STATES = 1_000;

    /** Bytes that lead from one state to another. */
    private record Step(int from, int first, int last, int to) {}

    private final List<Optional<Automaton>> automata;
    private final List<Step> steps = new ArrayList<>();
    /** The expressions that a text which ends at a state matches. */
    private final List<BitSet> matched = new ArrayList<>();

    /** @throws GrammarException if there are too many states */
    TextSets(List<Optional<Automaton>> automata) {
        this.automata = automata;
        Map<List<Integer>, Integer> states = new HashMap<>();
        List<List<Integer>> open = new ArrayList<>();
        BitSet empty = new BitSet();
        List<Integer> begin = new ArrayList<>();
        for (int i = 0; i < automata.size(); i++) {
            empty.set(i, automata.get(i).map(Automaton::acceptsEmpty).orElse(false));
            begin.add(automata.get(i).map(Automaton::start).orElse(-1));
        }
        open.add(begin);
        matched.add(empty);
        for (int from = 0; from < open.size(); from++) {
            int first = 0;
            List<Integer> to = next(open.get(from), 0);
            for (int b = 1; b <= 256; b++) {
                List<Integer> then = b < 256 ? next(open.get(from), b) : List.of();
                if (!then.equals(to)) {
                    if (to.getFirst() >= 0) {
                        steps.add(new Step(from, first, b - 1, state(to, states, open)));
                    }
                    first = b;
                    to = then;
                }
            }
        }
    }

    private List<Integer> next(List<Integer> nodes, int b) {
        List<Integer> next = new ArrayList<>(nodes.size());
        for (int i = 0; i < nodes.size(); i++) {
            int node = nodes.get(i);
            next.add(node < 0 ? -1 : automata.get(i).orElseThrow().next(node, b));
        }
        return next;
    }

    private int state(List<Integer> nodes, Map<List<Integer>, Integer> states, List<List<Integer>> open) {
        Integer known = states.get(nodes);
        if (known != null) {
            return known;
        }
        if (open.size() == MAX_STATES) {
            throw GrammarException.tooLarge("states to tell names or strings apart", MAX_STATES);
        }
        BitSet matches = new BitSet();
        for (int i = 0; i < nodes.size(); i++) {
            matches.set(i, nodes.get(i) >= 0 && automata.get(i).orElseThrow().accepting(nodes.get(i)));
        }
        states.put(nodes, open.size());
        open.add(nodes);
        matched.add(matches);
        return open.size() - 1;
    }

    /** Which expressions texts match together. */
    Set<BitSet> kinds() {
        Set<BitSet> kinds = new LinkedHashSet<>(matched);
        kinds.removeIf(kind -> !kind.get(0));
        return kinds;
    }

    /** The texts that match exactly the expressions of {@code kind}. */
    Expr of(BitSet kind) {
        List<Expr.Edge> edges = new ArrayList<>();
        steps.forEach(
                step -> edges.add(new Expr.Edge(step.from(), new Expr.Bytes(step.first(), step.last()), step.to())));
        for (int state = 0; state < matched.size(); state++) {
            if (matched.get(state).equals(kind)) {
                edges.add(new Expr.Edge(state, Expr.EMPTY, matched.size()));
            }
        }
        return new Expr.Graph(matched.size() + 1, edges);
    }

    int states() {
        return matched.size();
    }
}
