package io.yuebing.grammar;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that may follow each node of an automaton, found once and kept.
 *
 * <p>Whether a token fits mostly depends on the node alone. Where a token ends the node's rule and goes on after it, its
 * caller decides: the places in the vocabulary where that happens are kept with the node and followed for each
 * {@link Frame} anew. Thread-safe.
 */
final class TokenMasks {
    /** Masks kept; one takes a bit for each token. */
    private static final int MAX_KEPT = 1024;
    /** Steps through vocabulary and grammar for one mask. */
    private static final int MAX_STEPS = 20_000_000;
    /** Steps for masks that are found before they are needed. */
    private static final int STEPS_AHEAD = 2_000_000;

    private final Automaton automaton;
    private final Vocabulary vocabulary;
    private final AtomicReferenceArray<@Nullable NodeMask> masks;
    private int[] kept = new int[0];
    private int stored;

    /** @param exits places in the vocabulary where the node's rule has ended and longer tokens go on */
    record NodeMask(long[] allowed, int[] exits) {}

    TokenMasks(Automaton automaton, Vocabulary vocabulary) {
        this.automaton = automaton;
        this.vocabulary = vocabulary;
        masks = new AtomicReferenceArray<>(automaton.nodes());
        int budget = STEPS_AHEAD;
        for (int node = 0; node < automaton.nodes() && budget > 0 && node < MAX_KEPT; node++) {
            budget -= vocabulary.size() / 64;
            Walk walk = new Walk(new long[words()], true);
            walk.from(0, node, null);
            budget -= walk.steps;
            keep(node, walk.result());
        }
    }

    int words() {
        return Math.ceilDiv(vocabulary.size(), 64);
    }

    Automaton automaton() {
        return automaton;
    }

    Vocabulary vocabulary() {
        return vocabulary;
    }

    /** What may follow a node, whoever called its rule. */
    NodeMask of(int node) {
        NodeMask known = masks.get(node);
        if (known != null) {
            return known;
        }
        Walk walk = new Walk(new long[words()], true);
        walk.from(0, node, null);
        NodeMask found = walk.result();
        keep(node, found);
        return found;
    }

    /** Adds the tokens that go on after the end of a node's rule. */
    void addBeyond(NodeMask mask, Frame frame, long[] allowed) {
        Walk walk = new Walk(allowed, false);
        for (int exit : mask.exits()) {
            walk.enter(exit, frame.node(), frame.parent());
        }
    }

    private synchronized void keep(int node, NodeMask mask) {
        if (kept.length == 0) {
            kept = new int[Math.min(MAX_KEPT, automaton.nodes())];
            Arrays.fill(kept, -1);
        }
        int place = stored++ % kept.length;
        if (kept[place] >= 0) {
            masks.set(kept[place], null);
        }
        kept[place] = node;
        masks.set(node, mask);
    }

    /** One walk through vocabulary and automaton side by side. */
    private final class Walk {
        private final long[] allowed;
        private final boolean open;
        private int[] exits = new int[8];
        private int exitCount;
        private int steps;

        /** @param open whether the callers below the outermost frame are unknown, rather than none */
        Walk(long[] allowed, boolean open) {
            this.allowed = allowed;
            this.open = open;
        }

        /** Marks the tokens below a place of the vocabulary that a node's own bytes lead to. */
        void from(int place, int node, @Nullable Frame frame) {
            int end = vocabulary.end(place);
            int child = place + 1;
            while (child < end) {
                if (++steps > MAX_STEPS) {
                    throw new GrammarException(
                            "The constraint is too ambiguous: finding the next tokens takes more than " + MAX_STEPS
                                    + " steps; write it with fewer alternatives that begin alike");
                }
                int next = automaton.next(node, vocabulary.label(child));
                int childEnd = vocabulary.end(child);
                if (next >= 0) {
                    vocabulary.mark(child, allowed);
                    if (childEnd > child + 1) {
                        enter(child, next, frame);
                    }
                }
                child = childEnd;
            }
        }

        /** The same with what the node calls and what follows the end of its rule. */
        void enter(int place, int node, @Nullable Frame frame) {
            from(place, node, frame);
            int[] calls = automaton.calls(node);
            if (calls.length > 0 && Frame.mayCall(frame)) {
                for (int i = 0; i < calls.length; i += 2) {
                    enter(place, calls[i], Frame.call(automaton, calls[i + 1], frame));
                }
            }
            if (automaton.accepting(node)) {
                if (frame != null) {
                    enter(place, frame.node(), frame.parent());
                } else if (open && (exitCount == 0 || exits[exitCount - 1] != place)) {
                    if (exitCount == exits.length) {
                        exits = Arrays.copyOf(exits, 2 * exitCount);
                    }
                    exits[exitCount++] = place;
                }
            }
        }

        NodeMask result() {
            return new NodeMask(
                    allowed,
                    Arrays.stream(exits, 0, exitCount).sorted().distinct().toArray());
        }
    }
}
