package io.yuebing.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes the {@link Automaton} of a grammar: subset construction rule by rule, then removal of dead ends. */
final class AutomatonBuilder {
    private static final int MAX_NODES = 30_000;
    /** NFA states looked at; bounds the time. */
    private static final long MAX_WORK = 20_000_000;

    private final List<Expr> rules;
    private final boolean[] nullable;
    private final Nfa nfa;
    private final int[] classOf = new int[256];
    private int classes;
    private long work;

    private final List<int[]> next = new ArrayList<>();
    private final BitSet accepting = new BitSet();
    /** Pairs of the called rule and the node after. */
    private final List<int[]> calls = new ArrayList<>();

    private final int[] starts;

    private AutomatonBuilder(List<Expr> rules) {
        this.rules = rules;
        nullable = nullable(rules);
        nfa = new Nfa(nullable);
        starts = new int[rules.size()];
    }

    /**
     * Builds the automaton of rule 0.
     *
     * @throws GrammarException if it is too large, left-recursive or matches nothing
     */
    static Automaton build(List<Expr> rules) {
        return ifAny(rules).orElseThrow(() -> new GrammarException("The constraint matches no text at all"));
    }

    /** The same; empty if it matches nothing. */
    static Optional<Automaton> ifAny(List<Expr> rules) {
        return new AutomatonBuilder(rules).build();
    }

    private Optional<Automaton> build() {
        int[] begins = new int[rules.size()];
        int[] ends = new int[rules.size()];
        for (int rule = 0; rule < begins.length; rule++) {
            begins[rule] = nfa.state();
            ends[rule] = nfa.state();
            nfa.add(rules.get(rule), begins[rule], ends[rule]);
        }
        for (int b = 1; b < 256; b++) {
            classOf[b] = classOf[b - 1] + (nfa.boundary(b) ? 1 : 0);
        }
        classes = classOf[255] + 1;
        for (int rule = 0; rule < begins.length; rule++) {
            determinise(rule, begins[rule], ends[rule]);
        }
        BitSet alive = alive();
        refuseLeftRecursion(alive);
        if (!alive.get(starts[0]) && !nullable[0]) {
            return Optional.empty();
        }
        return Optional.of(trimmed(alive));
    }

    private static boolean[] nullable(List<Expr> rules) {
        boolean[] nullable = new boolean[rules.size()];
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int rule = 0; rule < nullable.length; rule++) {
                if (!nullable[rule] && isNullable(rules.get(rule), nullable)) {
                    nullable[rule] = true;
                    changed = true;
                }
            }
        }
        return nullable;
    }

    private static boolean isNullable(Expr expr, boolean[] known) {
        return switch (expr) {
            case Expr.Text text -> text.text().isEmpty();
            case Expr.Chars chars -> false;
            case Expr.Bytes bytes -> false;
            case Expr.Seq seq -> seq.parts().stream().allMatch(part -> isNullable(part, known));
            case Expr.Alt alt -> alt.options().stream().anyMatch(option -> isNullable(option, known));
            case Expr.Repeat repeat -> repeat.least() == 0 || isNullable(repeat.body(), known);
            case Expr.Ref ref -> known[ref.rule()];
            case Expr.Graph graph -> isNullable(graph, known);
        };
    }

    private static boolean isNullable(Expr.Graph graph, boolean[] known) {
        List<Expr.Edge> silent = graph.edges().stream()
                .filter(edge -> isNullable(edge.body(), known))
                .toList();
        BitSet reached = new BitSet();
        reached.set(0);
        for (int before = 0; before < reached.cardinality(); ) {
            before = reached.cardinality();
            for (Expr.Edge edge : silent) {
                if (reached.get(edge.from())) {
                    reached.set(edge.to());
                }
            }
        }
        return reached.get(graph.states() - 1);
    }

    // ---- subset construction

    private void determinise(int rule, int begin, int end) {
        Map<List<Integer>, Integer> nodes = new HashMap<>();
        List<List<Integer>> open = new ArrayList<>();
        int base = next.size();
        node(closure(List.of(begin)), nodes, open, end);
        for (int i = 0; i < open.size(); i++) {
            int node = base + i;
            List<Integer> states = open.get(i);
            Map<Integer, List<Integer>> byRule = new HashMap<>();
            List<List<Integer>> byClass = new ArrayList<>();
            for (int c = 0; c < classes; c++) {
                byClass.add(List.of());
            }
            for (int state : states) {
                for (Nfa.ByteEdge edge : nfa.bytesFrom(state)) {
                    for (int c = classOf[edge.first()]; c <= classOf[edge.last()]; c++) {
                        spend(1);
                        if (byClass.get(c).isEmpty()) {
                            byClass.set(c, new ArrayList<>(2));
                        }
                        byClass.get(c).add(edge.to());
                    }
                }
                for (Nfa.RuleEdge edge : nfa.rulesFrom(state)) {
                    byRule.computeIfAbsent(edge.rule(), r -> new ArrayList<>()).add(edge.to());
                }
            }
            Map<List<Integer>, Integer> known = new HashMap<>();
            for (int c = 0; c < classes; c++) {
                List<Integer> targets = byClass.get(c);
                if (!targets.isEmpty()) {
                    Integer target = known.get(targets);
                    if (target == null) {
                        target = node(closure(targets), nodes, open, end);
                        known.put(targets, target);
                    }
                    next.get(node)[c] = target;
                }
            }
            int[] pairs = new int[2 * byRule.size()];
            int at = 0;
            for (Map.Entry<Integer, List<Integer>> call : byRule.entrySet()) {
                pairs[at++] = call.getKey();
                pairs[at++] = node(closure(call.getValue()), nodes, open, end);
            }
            calls.set(node, pairs);
        }
        starts[rule] = accepting.get(base) ? nonEmptyCopy(base) : base;
    }

    /** The empty match of a rule is a way around its call, so a call always consumes something. */
    private int nonEmptyCopy(int node) {
        next.add(next.get(node).clone());
        calls.add(calls.get(node));
        return next.size() - 1;
    }

    private int node(List<Integer> states, Map<List<Integer>, Integer> nodes, List<List<Integer>> open, int end) {
        Integer known = nodes.get(states);
        if (known != null) {
            return known;
        }
        if (next.size() >= MAX_NODES) {
            throw GrammarException.tooLarge("nodes", MAX_NODES);
        }
        int node = next.size();
        int[] none = new int[classes];
        Arrays.fill(none, -1);
        next.add(none);
        calls.add(new int[0]);
        accepting.set(node, states.contains(end));
        nodes.put(states, node);
        open.add(states);
        return node;
    }

    /** States reached without consuming anything, ascending. */
    private List<Integer> closure(List<Integer> from) {
        BitSet seen = new BitSet();
        List<Integer> open = new ArrayList<>();
        for (int state : from) {
            if (!seen.get(state)) {
                seen.set(state);
                open.add(state);
            }
        }
        for (int i = 0; i < open.size(); i++) {
            for (int to : nfa.silentFrom(open.get(i))) {
                spend(1);
                if (!seen.get(to)) {
                    seen.set(to);
                    open.add(to);
                }
            }
        }
        spend(open.size());
        open.sort(null);
        return open;
    }

    private void spend(int amount) {
        work += amount;
        if (work > MAX_WORK) {
            throw GrammarException.tooLarge("steps of construction", MAX_WORK);
        }
    }

    // ---- dead ends

    /** Nodes from which the end of their rule can be reached. */
    private BitSet alive() {
        BitSet alive = (BitSet) accepting.clone();
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int node = next.size() - 1; node >= 0; node--) {
                if (!alive.get(node) && leadsOn(node, alive)) {
                    alive.set(node);
                    changed = true;
                }
            }
        }
        return alive;
    }

    private boolean leadsOn(int node, BitSet alive) {
        spend(classes);
        for (int to : next.get(node)) {
            if (to >= 0 && alive.get(to)) {
                return true;
            }
        }
        int[] pairs = calls.get(node);
        for (int i = 0; i < pairs.length; i += 2) {
            if (alive.get(starts[pairs[i]]) && alive.get(pairs[i + 1])) {
                return true;
            }
        }
        return false;
    }

    private void refuseLeftRecursion(BitSet alive) {
        int[] color = new int[starts.length]; // 1 = on the way, 2 = done
        for (int rule = 0; rule < color.length; rule++) {
            visit(rule, color, alive, 0);
        }
    }

    private void visit(int rule, int[] color, BitSet alive, int depth) {
        if (color[rule] == 2) {
            return;
        }
        if (color[rule] == 1 || depth > 500) {
            throw new GrammarException(
                    "The constraint is left-recursive: a rule or $ref begins with itself; write a repetition instead");
        }
        color[rule] = 1;
        int[] pairs = calls.get(starts[rule]);
        for (int i = 0; i < pairs.length; i += 2) {
            if (alive.get(starts[pairs[i]])) {
                visit(pairs[i], color, alive, depth + 1);
            }
        }
        color[rule] = 2;
    }

    private Automaton trimmed(BitSet alive) {
        int nodes = next.size();
        int[] table = new int[nodes * classes];
        int[][] called = new int[nodes][];
        boolean[] ends = new boolean[nodes];
        for (int node = 0; node < nodes; node++) {
            ends[node] = accepting.get(node);
            for (int c = 0; c < classes; c++) {
                int to = next.get(node)[c];
                table[node * classes + c] = to >= 0 && alive.get(to) ? to : -1;
            }
            int[] pairs = calls.get(node);
            int[] kept = new int[pairs.length];
            int count = 0;
            for (int i = 0; i < pairs.length; i += 2) {
                if (alive.get(starts[pairs[i]]) && alive.get(pairs[i + 1])) {
                    kept[count++] = starts[pairs[i]];
                    kept[count++] = pairs[i + 1];
                }
            }
            called[node] = Arrays.copyOf(kept, count);
        }
        return new Automaton(classOf, classes, table, ends, called, starts[0], nullable[0], work);
    }
}
