package io.yuebing.grammar;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * A node's way on within a text: all characters of a large set lead to the same node.
 *
 * @param set the characters
 * @param to the node they lead to, perhaps the same one
 */
record TextStep(Characters set, int to) {
    /** Smaller sets are not worth it. */
    private static final int LEAST = 40;

    /**
     * Which characters a text may have.
     *
     * @param low a bit for each of the first 64 ASCII characters
     * @param high a bit for each of the others
     * @param beyond whether all characters beyond ASCII are of the set, rather than none
     */
    record Characters(long low, long high, boolean beyond) {
        boolean hasAscii(int b) {
            return ((b < 64 ? low : high) >>> b & 1) != 0;
        }
    }

    /** The step from a node that neither calls nor ends a rule; empty if there is none. */
    static Optional<TextStep> from(Automaton automaton, int node) {
        if (automaton.accepting(node) || automaton.calls(node).length > 0) {
            return Optional.empty();
        }
        int to = automaton.next(node, 'e');
        long low = 0;
        long high = 0;
        for (int b = 0; b < 64; b++) {
            low |= (automaton.next(node, b) == to ? 1L : 0) << b;
            high |= (automaton.next(node, b + 64) == to ? 1L : 0) << b;
        }
        if (to < 0 || Long.bitCount(low) + Long.bitCount(high) < LEAST) {
            return Optional.empty();
        }
        boolean beyond = automaton.next(node, 0xC3) >= 0;
        Set<Integer> seen = new HashSet<>();
        for (int lead = 0x80; lead < 0x100; lead++) {
            int inside = automaton.next(node, lead);
            Utf8Form form = beyond ? Utf8Form.after(lead) : Utf8Form.NONE;
            boolean fits = form.left() == 0 ? inside < 0 : leads(automaton, inside, form, to, seen);
            if (!fits) {
                return Optional.empty();
            }
        }
        return Optional.of(new TextStep(new Characters(low, high, beyond), to));
    }

    /** Whether exactly what the form takes leads on, and in the end to a node. */
    private static boolean leads(Automaton automaton, int node, Utf8Form form, int to, Set<Integer> seen) {
        if (node < 0 || automaton.accepting(node) || automaton.calls(node).length > 0) {
            return false;
        }
        if (!seen.add(node << 4 | form.left() << 2 | (form.first() > 0x80 ? 1 : 0) | (form.last() < 0xBF ? 2 : 0))) {
            return true;
        }
        for (int b = 0; b < 0x100; b++) {
            int next = automaton.next(node, b);
            boolean fits = !form.takes(b)
                    ? next < 0
                    : form.left() == 1 ? next == to : leads(automaton, next, form.next(), to, seen);
            if (!fits) {
                return false;
            }
        }
        return true;
    }
}
