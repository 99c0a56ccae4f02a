package io.yuebing.engine;

import java.util.List;

/**
 * What the next forward pass computes.
 *
 * @param slices the tokens of each sequence
 * @param tokens their number
 * @param preempted sequences that lost their blocks to make room
 */
record StepPlan(List<Slice> slices, int tokens, int preempted) {

    /** Tokens {@code from .. to - 1} of a sequence. */
    record Slice(Sequence sequence, int from, int to) {

        int tokens() {
            return to - from;
        }

        /** Whether this completes the tokens known, so that the next one can be sampled. */
        boolean completes() {
            return to == sequence.length();
        }
    }
}
