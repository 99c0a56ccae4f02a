package io.yuebing.bench.serving;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Many measured values.
 *
 * @param sorted ascending
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Distribution(double[] sorted) {
    static Distribution of(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return new Distribution(sorted);
    }

    /** The smallest value that is not less than {@code percent} of them (nearest rank); NaN if there are none. */
    public double percentile(double percent) {
        if (sorted.length == 0) {
            return Double.NaN;
        }
        int rank = (int) Math.ceil(percent / 100 * sorted.length);
        return sorted[Math.clamp(rank, 1, sorted.length) - 1];
    }

    public double mean() {
        return Arrays.stream(sorted).average().orElse(Double.NaN);
    }

    /** For JSON; empty if there are no values. */
    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (sorted.length > 0) {
            fields.put("mean", mean());
            fields.put("p50", percentile(50));
            fields.put("p95", percentile(95));
            fields.put("p99", percentile(99));
            fields.put("max", percentile(100));
        }
        return fields;
    }
}
