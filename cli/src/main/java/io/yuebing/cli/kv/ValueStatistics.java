package io.yuebing.cli.kv;

import java.util.Locale;

/** Range and mean of many values; those that are no finite numbers are only counted. */
final class ValueStatistics {
    private float min = Float.POSITIVE_INFINITY;
    private float max = Float.NEGATIVE_INFINITY;
    private double sum;
    private long finite;
    private long nan;
    private long infinite;

    /**
     * Adds values.
     *
     * @return whether any of them is other than positive zero
     */
    boolean add(float[] values) {
        int bits = 0;
        for (float value : values) {
            bits |= Float.floatToRawIntBits(value);
            if (Float.isNaN(value)) {
                nan++;
            } else if (Float.isInfinite(value)) {
                infinite++;
            } else {
                min = Math.min(min, value);
                max = Math.max(max, value);
                sum += value;
                finite++;
            }
        }
        return bits != 0;
    }

    String min() {
        return finite == 0 ? "-" : number(min);
    }

    String max() {
        return finite == 0 ? "-" : number(max);
    }

    String mean() {
        return finite == 0 ? "-" : number(sum / finite);
    }

    long nan() {
        return nan;
    }

    long infinite() {
        return infinite;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.6g", value);
    }
}
