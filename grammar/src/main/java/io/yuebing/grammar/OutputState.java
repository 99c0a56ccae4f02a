package io.yuebing.grammar;

import io.yuebing.grammar.TokenMasks.Head;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How far one answer has come in its grammar.
 *
 * <p>Two states that have taken the same tokens are the same, so a node that takes a sequence over rebuilds it from the
 * tokens delivered. What may come next can be {@linkplain #prepare prepared} while the model computes. Used by one thread at
 * a time.
 */
public final class OutputState {
    /** Ways through an ambiguous grammar that are followed at once; more are dropped, the same everywhere. */
    private static final int MAX_HEADS = 128;

    private final TokenMasks masks;
    private final Automaton automaton;
    private final int[] endTokens;
    private List<Head> heads;
    private boolean accepting;
    private boolean narrowed;
    /** What may come next, once it is found: a bit for each token. */
    private long @Nullable [] allowed;

    private @Nullable GrammarException refusal;

    /** @param endTokens ids that end the answer, possible wherever it is complete */
    OutputState(TokenMasks masks, List<Integer> endTokens) {
        this.masks = masks;
        this.automaton = masks.automaton();
        this.endTokens = endTokens.stream().mapToInt(id -> id).toArray();
        heads = List.of();
        reach(List.of(new Head(automaton.start(), null)));
        accepting |= automaton.acceptsEmpty();
    }

    /** Whether the answer may end here. */
    public boolean accepting() {
        return accepting;
    }

    /** Whether the answer is complete and nothing can follow. */
    public boolean complete() {
        return accepting && heads.isEmpty();
    }

    /** Whether the grammar is so ambiguous that some of its texts are no longer possible. */
    boolean narrowed() {
        return narrowed;
    }

    /**
     * Takes a token's text.
     *
     * @return false if it does not fit; the state is lost then
     */
    public boolean accept(int token) {
        byte[] text = masks.vocabulary().text(token);
        for (byte b : text) {
            List<Head> next = new ArrayList<>(heads.size());
            for (Head head : heads) {
                int to = automaton.next(head.node(), b & 0xFF);
                if (to >= 0) {
                    next.add(new Head(to, head.frame()));
                }
            }
            reach(next);
        }
        return text.length > 0 && (accepting || !heads.isEmpty());
    }

    /** Adds what can be reached without another byte. */
    private void reach(List<Head> from) {
        allowed = null;
        refusal = null;
        Set<Head> all = new LinkedHashSet<>(from);
        List<Head> open = new ArrayList<>(all);
        accepting = false;
        for (int i = 0; i < open.size() && open.size() < MAX_HEADS; i++) {
            Head head = open.get(i);
            Frame frame = head.frame();
            int[] calls = automaton.calls(head.node());
            if (calls.length > 0 && Frame.mayCall(frame)) {
                for (int c = 0; c < calls.length; c += 2) {
                    add(new Head(calls[c], Frame.call(automaton, calls[c + 1], frame)), all, open);
                }
            }
            if (automaton.accepting(head.node())) {
                if (frame == null) {
                    accepting = true;
                } else {
                    add(new Head(frame.node(), frame.parent()), all, open);
                }
            }
        }
        narrowed |= open.size() >= MAX_HEADS;
        heads = open.stream().filter(head -> !automaton.plainEnd(head.node())).toList();
    }

    private static void add(Head head, Set<Head> all, List<Head> open) {
        if (all.add(head)) {
            open.add(head);
        }
    }

    /** Whether {@link #mask} has nothing left to find out. */
    public boolean prepared() {
        if (allowed == null && refusal == null) {
            allowed = masks.known(heads);
        }
        return allowed != null || refusal != null;
    }

    /** Finds the tokens that may come next, which takes up to some milliseconds where nobody has been before. */
    public void prepare() {
        if (!prepared()) {
            try {
                allowed = masks.after(heads);
            } catch (GrammarException e) {
                refusal = e;
            }
        }
    }

    /**
     * Forbids all tokens that do not fit.
     *
     * @param logits changed from {@code offset} on for {@code size} ids
     * @return whether any token is left
     * @throws GrammarException if the grammar is too ambiguous to tell
     */
    public boolean mask(float[] logits, int offset, int size) {
        long[] allowed = allowed();
        float[] ends = new float[endTokens.length];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = logits[offset + endTokens[i]];
        }
        boolean any = false;
        for (int first = 0; first < size; first += 64) {
            long bits = first >> 6 < allowed.length ? allowed[first >> 6] : 0;
            any |= bits != 0;
            forbid(bits, logits, offset + first, Math.min(64, size - first));
        }
        if (accepting) {
            for (int i = 0; i < ends.length; i++) {
                logits[offset + endTokens[i]] = ends[i];
            }
        }
        return any || accepting && ends.length > 0;
    }

    private static void forbid(long bits, float[] logits, int from, int count) {
        if (bits == -1) {
            return;
        }
        if (bits == 0) {
            Arrays.fill(logits, from, from + count, Float.NEGATIVE_INFINITY);
            return;
        }
        for (int i = 0; i < count; i++) {
            if ((bits >>> i & 1) == 0) {
                logits[from + i] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private long[] allowed() {
        prepare();
        if (refusal != null) {
            throw refusal;
        }
        return Objects.requireNonNull(allowed);
    }
}
