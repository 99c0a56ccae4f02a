package io.yuebing.bench;

import java.util.Arrays;
import java.util.Collection;

/** The middle of some measurements: one that was disturbed does not move it. */
public final class Median {
    private Median() {}

    /** The middle value, or the mean of the two in the middle; {@code values} must not be empty. */
    public static double of(Collection<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("There is no median of nothing");
        }
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1
                ? sorted[middle]
                : Arrays.stream(sorted, middle - 1, middle + 1).average().orElseThrow();
    }
}
