package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import java.util.stream.IntStream;

/**
 * How the inputs of a matrix are cut into groups that share a scale.
 *
 * <p>The kernels want the inputs of a group side by side, so groups whose inputs are scattered, as GPTQ's act-order
 * leaves them, become a permutation of the inputs.
 *
 * @param groupSize at most {@code inputs}
 */
record InputGroups(int inputs, int groupSize) {

    /** Groups of a configured size, which may be larger than the matrix. */
    static InputGroups of(int inputs, int configured) {
        return new InputGroups(inputs, configured == GptqConfig.WHOLE_COLUMN ? inputs : Math.min(configured, inputs));
    }

    int count() {
        return Math.ceilDiv(inputs, groupSize);
    }

    /**
     * Inputs sorted by group, stably; empty if they are already.
     *
     * @param tensor holds {@code groupOf}; for errors
     * @param groupOf the group of each input
     * @throws UserError if a group does not exist, or does not have its size
     */
    int[] order(TensorInfo tensor, int[] groupOf) {
        int[] next = firstPlaces(tensor, groupOf);
        int[] order = new int[inputs];
        boolean identity = true;
        for (int input = 0; input < inputs; input++) {
            int place = next[groupOf[input]]++;
            order[place] = input;
            identity &= place == input;
        }
        return identity ? new int[0] : order;
    }

    /** For each group its first place in the sorted order, after checking that the groups are whole. */
    private int[] firstPlaces(TensorInfo tensor, int[] groupOf) {
        int groups = count();
        int[] counts = new int[groups];
        for (int input = 0; input < inputs; input++) {
            int group = groupOf[input];
            if (group < 0 || group >= groups) {
                throw new UserError(tensor.file() + ": tensor " + tensor.name() + " names group " + group
                        + " at index " + input + " (offset " + (tensor.offset() + 4L * input)
                        + "), expected a group in [0, " + (groups - 1) + "]");
            }
            counts[group]++;
        }
        int[] first = new int[groups];
        for (int group = 0, place = 0; group < groups; group++) {
            int expected = Math.min(groupSize, inputs - group * groupSize);
            if (counts[group] != expected) {
                throw new UserError(tensor.file() + ": tensor " + tensor.name() + " gives group " + group + " "
                        + counts[group] + " inputs, expected " + expected + " by the group size");
            }
            first[group] = place;
            place += expected;
        }
        return first;
    }

    /** For each input its place in {@code order}. */
    int[] places(int[] order) {
        if (order.length == 0) {
            return ascending(inputs);
        }
        int[] placeOf = new int[inputs];
        for (int place = 0; place < inputs; place++) {
            placeOf[order[place]] = place;
        }
        return placeOf;
    }

    /** Places of inputs that stay where they are. */
    static int[] ascending(int inputs) {
        return IntStream.range(0, inputs).toArray();
    }
}
