package io.yuebing.grammar;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that may follow each state of an automaton, found once and kept for all answers.
 *
 * <p>Whether a token fits mostly depends on the {@linkplain Head node} alone. Where a token ends the node's rule and goes on
 * after it, its caller decides: the places in the vocabulary where that happens are kept with the node and followed for
 * each {@link Frame} anew; what was found for a whole state is kept as well. Within texts, most tokens fit whatever the
 * grammar: those come from {@link TextTokens}. Thread-safe.
 */
final class TokenMasks {
    /** Masks of nodes that are kept; one takes a bit for each token. */
    private static final int MAX_NODES = 512;
    /** Masks of states that are kept. */
    private static final int MAX_STATES = 128;
    /** Steps through vocabulary and grammar for one mask. */
    private static final int MAX_STEPS = 20_000_000;

    private final Automaton automaton;
    private final Vocabulary vocabulary;
    private final AtomicReferenceArray<@Nullable NodeMask> masks;
    private final Map<Integer, Optional<TextStep>> textSteps = new ConcurrentHashMap<>();
    private int[] kept = new int[0];
    private int stored;
    private final Map<List<Head>, long[]> states = new LinkedHashMap<>(16, 0.75f, true);

    /** One way through the grammar: a node and who called its rule. */
    record Head(int node, @Nullable Frame frame) {}

    /** @param exits places in the vocabulary where the node's rule has ended and longer tokens go on */
    record NodeMask(long[] allowed, int[] exits) {}

    TokenMasks(Automaton automaton, Vocabulary vocabulary) {
        this.automaton = automaton;
        this.vocabulary = vocabulary;
        masks = new AtomicReferenceArray<>(automaton.nodes());
    }

    Automaton automaton() {
        return automaton;
    }

    Vocabulary vocabulary() {
        return vocabulary;
    }

    /**
     * The tokens that may follow a state, a bit for each; shared, not to be changed.
     *
     * @throws GrammarException if the grammar is too ambiguous to tell
     */
    long[] after(List<Head> heads) {
        long[] known = known(heads);
        if (known != null) {
            return known;
        }
        long[] allowed = new long[Math.ceilDiv(vocabulary.size(), 64)];
        for (Head head : heads) {
            NodeMask mask = of(head.node());
            for (int i = 0; i < allowed.length; i++) {
                allowed[i] |= mask.allowed()[i];
            }
            if (head.frame() != null) {
                addBeyond(mask, head.frame(), allowed);
            }
        }
        synchronized (states) {
            states.put(heads, allowed);
            if (states.size() > MAX_STATES) {
                states.remove(states.keySet().iterator().next());
            }
        }
        return allowed;
    }

    /** The same if it has been found before and is still kept; otherwise null. */
    long @Nullable [] known(List<Head> heads) {
        if (heads.size() == 1) {
            Head head = heads.getFirst();
            NodeMask mask = masks.get(head.node());
            if (mask != null && (head.frame() == null || mask.exits().length == 0)) {
                return mask.allowed();
            }
        }
        synchronized (states) {
            return states.get(heads);
        }
    }

    /** What may follow a node, whoever called its rule. */
    private NodeMask of(int node) {
        NodeMask known = masks.get(node);
        if (known != null) {
            return known;
        }
        Optional<TextStep> step = textStep(node);
        NodeMask found = step.isPresent() ? withinText(node, step.get()) : walked(node);
        keep(node, found);
        return found;
    }

    private Optional<TextStep> textStep(int node) {
        return textSteps.computeIfAbsent(node, missing -> TextStep.from(automaton, missing));
    }

    private NodeMask walked(int node) {
        Walk walk = new Walk(new long[Math.ceilDiv(vocabulary.size(), 64)], true);
        walk.from(0, node, null);
        return walk.result();
    }

    /** The same for a node within a text, from the tokens that are known to stay within such texts. */
    private NodeMask withinText(int node, TextStep step) {
        TextTokens tokens = vocabulary.within(step.set());
        int[] after = new int[tokens.longest() + 1];
        after[0] = node;
        int room = 0;
        Optional<TextStep> next = Optional.of(step);
        while (next.isPresent() && room < tokens.longest()) {
            int to = next.get().to();
            if (to == after[room]) {
                Arrays.fill(after, room + 1, after.length, to);
                room = tokens.longest();
            } else {
                after[++room] = to;
                next = textStep(to).filter(other -> other.set().equals(step.set()));
            }
        }
        if (next.isEmpty() && goesOn(after[room], step.set())) {
            return walked(node);
        }
        Walk walk = new Walk(tokens.within(room).clone(), true);
        for (int i = 0; i < tokens.exits(); i++) {
            if (tokens.before(i) <= room) {
                walk.step(tokens.exit(i), after[tokens.before(i)], null);
            }
        }
        return walk.result();
    }

    /** Whether a node that the texts' characters lead to takes some of them in another way, or calls or ends its rule. */
    private boolean goesOn(int node, TextStep.Characters set) {
        if (automaton.accepting(node) || automaton.calls(node).length > 0) {
            return true;
        }
        for (int b = 0; b < 0x100; b++) {
            if (automaton.next(node, b) >= 0 && (b >= 0x80 ? set.beyond() : set.hasAscii(b))) {
                return true;
            }
        }
        return false;
    }

    /** Adds the tokens that go on after the end of a node's rule. */
    private void addBeyond(NodeMask mask, Frame frame, long[] allowed) {
        Walk walk = new Walk(allowed, false);
        for (int exit : mask.exits()) {
            walk.enter(exit, frame.node(), frame.parent());
        }
    }

    private synchronized void keep(int node, NodeMask mask) {
        if (kept.length == 0) {
            kept = new int[Math.min(MAX_NODES, automaton.nodes())];
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
                step(child, node, frame);
                child = vocabulary.end(child);
            }
        }

        /** Marks the token of a place and those below it, if the byte there leads on from a node. */
        void step(int place, int node, @Nullable Frame frame) {
            if (++steps > MAX_STEPS) {
                throw new GrammarException("The constraint is too ambiguous: finding the next tokens takes more than "
                        + MAX_STEPS + " steps; write it with fewer alternatives that begin alike");
            }
            int next = automaton.next(node, vocabulary.label(place));
            if (next >= 0) {
                vocabulary.mark(place, allowed);
                if (vocabulary.end(place) > place + 1) {
                    enter(place, next, frame);
                }
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
