package io.yuebing.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Follows text up to the first of several markers, whatever stands before it: the automaton of Aho and Corasick.
 *
 * <p>A state is how much of a marker the text so far ends with; state 0 is nothing of any. A marker that is whole is no state
 * but the end of its text.
 */
final class MarkerText {
    /** Where a marker's character leads from each prefix of a marker; {@code -1 - i} = marker {@code i} is whole. */
    private final List<Map<Integer, Integer>> steps = new ArrayList<>();

    private final CodePoints others;

    /** @param markers none of which begins with another */
    MarkerText(List<String> markers) {
        steps.add(new TreeMap<>());
        Collection<Integer> alphabet = new TreeSet<>();
        for (int i = 0; i < markers.size(); i++) {
            int[] characters = markers.get(i).codePoints().toArray();
            int at = 0;
            for (int c = 0; c < characters.length; c++) {
                alphabet.add(characters[c]);
                Map<Integer, Integer> from = steps.get(at);
                if (c == characters.length - 1) {
                    from.put(characters[c], -1 - i);
                } else if (from.containsKey(characters[c])) {
                    at = from.get(characters[c]);
                } else {
                    steps.add(new TreeMap<>());
                    at = steps.size() - 1;
                    from.put(characters[c], at);
                }
            }
        }
        others = alphabet.stream()
                .map(CodePoints::one)
                .reduce(CodePoints.of(), CodePoints::or)
                .not();
        followFailures(alphabet);
    }

    /** Completes each state by the steps of the longest other prefix that its text ends with. */
    private void followFailures(Collection<Integer> alphabet) {
        int[] failure = new int[steps.size()];
        Deque<Integer> open = new ArrayDeque<>();
        steps.getFirst().values().stream().filter(state -> state >= 0).forEach(open::add);
        alphabet.forEach(c -> steps.getFirst().putIfAbsent(c, 0));
        while (!open.isEmpty()) {
            int state = open.remove();
            Map<Integer, Integer> fallback = steps.get(failure[state]);
            steps.get(state).forEach((c, next) -> {
                if (next >= 0) {
                    failure[next] = Math.max(0, fallback.getOrDefault(c, 0));
                    open.add(next);
                }
            });
            alphabet.forEach(c -> steps.get(state).putIfAbsent(c, fallback.getOrDefault(c, 0)));
        }
    }

    int states() {
        return steps.size();
    }

    /** Where the characters of the markers lead from a state. */
    Map<Integer, Integer> steps(int state) {
        return steps.get(state);
    }

    /** The characters in no marker, which lead to state 0. */
    CodePoints others() {
        return others;
    }

    /** Any text in which no marker is whole. */
    Expr without() {
        List<Expr.Edge> edges = new ArrayList<>();
        for (int state = 0; state < states(); state++) {
            int from = state;
            edges.add(new Expr.Edge(from, Expr.chars(others), 0));
            steps(from).forEach((c, to) -> {
                if (to >= 0) {
                    edges.add(new Expr.Edge(from, Expr.chars(CodePoints.one(c)), to));
                }
            });
            edges.add(new Expr.Edge(from, Expr.EMPTY, states()));
        }
        return new Expr.Graph(states() + 1, edges);
    }
}
