package io.yuebing.model.decoder;

import io.yuebing.kernels.Rope;

/**
 * The rotary angles of the rows of a step, computed as their positions come: no table limits the context or takes
 * memory.
 */
final class RotaryAngles {
    private final RopeSpec spec;
    private final float[] frequencies;
    private final float factor;

    /** Cosines and sines, {@code [rows][channels / 2]}. */
    private float[] cos = {};

    private float[] sin = {};

    RotaryAngles(RopeSpec spec) {
        this.spec = spec;
        frequencies = spec.frequencies();
        factor = spec.attentionFactor();
    }

    void reserve(int rows) {
        cos = new float[rows * frequencies.length];
        sin = new float[rows * frequencies.length];
    }

    /**
     * Computes the angles of a row. An angle is rounded to float before its cosine is taken, as in transformers: at
     * position 100,000 the difference would be seen.
     */
    void compute(int row, int position) {
        int offset = row * frequencies.length;
        for (int pair = 0; pair < frequencies.length; pair++) {
            float angle = position * frequencies[pair];
            cos[offset + pair] = (float) Math.cos(angle) * factor;
            sin[offset + pair] = (float) Math.sin(angle) * factor;
        }
    }

    /** Turns one head at {@code offset} by the angles of its row. */
    void turn(float[] x, int offset, int row) {
        int at = row * frequencies.length;
        switch (spec.pairing()) {
            case HALVES -> Rope.apply(x, offset, spec.channels(), cos, sin, at);
            case NEIGHBOURS -> Rope.applyToNeighbours(x, offset, spec.channels(), cos, sin, at);
        }
    }
}
