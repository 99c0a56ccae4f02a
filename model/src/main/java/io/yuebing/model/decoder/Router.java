package io.yuebing.model.decoder;

import io.yuebing.kernels.Activations;
import java.util.Arrays;

/**
 * Chooses the experts of a token.
 *
 * @param correction added to the scores to choose, not to weigh; empty = nothing
 */
@SuppressWarnings("ArrayRecordComponent") // routers are never compared
record Router(int experts, Routing routing, float[] correction) {
    /** Keeps a sum of scores away from 0, as in DeepSeek-V3's code. */
    private static final float LEAST_SUM = 1e-20f;

    /**
     * Replaces a row of products by weights: those of the experts that the token uses, 0 for the others.
     *
     * @param scores {@code experts} products of the router at {@code offset}
     * @param chosen receives the numbers of the experts, ascending, at {@code chosenOffset}
     */
    void choose(float[] scores, int offset, int[] chosen, int chosenOffset) {
        switch (routing.scoring()) {
            case SOFTMAX -> Activations.softmax(scores, offset, experts);
            case SIGMOID -> {
                for (int i = offset; i < offset + experts; i++) {
                    scores[i] = Activations.sigmoid(scores[i]);
                }
            }
        }
        float[] eligible = eligible(scores, offset);
        boolean[] used = new boolean[experts];
        for (int i = 0; i < routing.chosen(); i++) {
            used[largest(eligible, used, 0, experts)] = true;
        }
        weigh(scores, offset, used);
        for (int expert = 0, at = chosenOffset; expert < experts; expert++) {
            if (used[expert]) {
                chosen[at++] = expert;
            }
        }
    }

    /** The corrected scores of the experts of the best groups; negative infinity for the others. */
    private float[] eligible(float[] scores, int offset) {
        float[] eligible = Arrays.copyOfRange(scores, offset, offset + experts);
        for (int i = 0; i < correction.length; i++) {
            eligible[i] += correction[i];
        }
        int groups = routing.groups();
        if (groups == 1) {
            return eligible;
        }
        int size = experts / groups;
        float[] ofGroup = new float[groups];
        for (int group = 0; group < groups; group++) {
            ofGroup[group] = sumOfBest(eligible, group * size, size, routing.groupBest());
        }
        boolean[] used = new boolean[groups];
        for (int i = 0; i < routing.chosenGroups(); i++) {
            used[largest(ofGroup, used, 0, groups)] = true;
        }
        for (int expert = 0; expert < experts; expert++) {
            if (!used[expert / size]) {
                eligible[expert] = Float.NEGATIVE_INFINITY;
            }
        }
        return eligible;
    }

    private static float sumOfBest(float[] values, int from, int size, int count) {
        boolean[] used = new boolean[values.length];
        float sum = 0;
        for (int i = 0; i < Math.min(count, size); i++) {
            int best = largest(values, used, from, from + size);
            used[best] = true;
            sum += values[best];
        }
        return sum;
    }

    /** Index of the largest value that is not used yet, the first of equals; what is no number comes last. */
    private static int largest(float[] values, boolean[] used, int from, int to) {
        int best = -1;
        for (int i = from; i < to; i++) {
            if (!used[i] && (best < 0 || exceeds(values[i], values[best]))) {
                best = i;
            }
        }
        return best;
    }

    private static boolean exceeds(float a, float b) {
        return a > b || (Float.isNaN(b) && !Float.isNaN(a));
    }

    private void weigh(float[] scores, int offset, boolean[] used) {
        float sum = 0;
        for (int expert = 0; expert < experts; expert++) {
            if (!used[expert]) {
                scores[offset + expert] = 0;
            }
            sum += scores[offset + expert];
        }
        float divisor = routing.renormalise() ? sum + LEAST_SUM : 1;
        for (int i = offset; i < offset + experts; i++) {
            scores[i] = scores[i] / divisor * routing.scale();
        }
    }
}
