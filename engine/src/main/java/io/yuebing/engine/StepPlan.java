package io.yuebing.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the next forward pass computes.
 *
 * <p>One plan with its slices is filled anew for each step, so that planning allocates nothing: it is valid until the next.
 */
final class StepPlan {
    private final List<Slice> slices = new ArrayList<>();
    private final List<Slice> view = Collections.unmodifiableList(slices);
    private final List<Slice> unused = new ArrayList<>();
    private int tokens;
    private int preempted;

    /** The tokens of each sequence. */
    List<Slice> slices() {
        return view;
    }

    /** Number of tokens of all slices. */
    int tokens() {
        return tokens;
    }

    /** Sequences that lost their blocks to make room. */
    int preempted() {
        return preempted;
    }

    void clear() {
        for (int i = slices.size() - 1; i >= 0; i--) {
            removeSlice(i);
        }
        preempted = 0;
    }

    void add(Sequence sequence, int from, int to) {
        Slice slice = unused.isEmpty() ? new Slice() : unused.removeLast();
        slice.sequence = sequence;
        slice.from = from;
        slice.to = to;
        slices.add(slice);
        tokens += slice.tokens();
    }

    /** Takes a sequence's slice out, if it has one, because the sequence was preempted. */
    void preempt(Sequence sequence) {
        preempted++;
        for (int i = slices.size() - 1; i >= 0; i--) {
            if (slices.get(i).sequence == sequence) {
                removeSlice(i);
            }
        }
    }

    private void removeSlice(int index) {
        Slice slice = slices.remove(index);
        tokens -= slice.tokens();
        slice.sequence = null;
        unused.add(slice);
    }

    /** Tokens {@code from .. to - 1} of a sequence. */
    static final class Slice {
        private @Nullable Sequence sequence;
        private int from;
        private int to;

        private Slice() {}

        Sequence sequence() {
            Sequence planned = sequence;
            if (planned == null) {
                throw new IllegalStateException("the slice belongs to a plan that is over");
            }
            return planned;
        }

        int from() {
            return from;
        }

        int to() {
            return to;
        }

        int tokens() {
            return to - from;
        }

        /** Whether this completes the tokens known, so that the next one can be sampled. */
        boolean completes() {
            return to == sequence().length();
        }
    }
}
