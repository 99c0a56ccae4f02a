package io.yuebing.model.decoder;

/** Computes the rotary angles of positions as they come: no table limits the context or takes memory. */
final class RotaryAngles {
    private final float[] frequencies;
    private final float factor;

    RotaryAngles(RopeSpec spec) {
        frequencies = spec.frequencies();
        factor = spec.attentionFactor();
    }

    /**
     * Writes {@code headSize / 2} cosines and sines. The angle is rounded to float before its cosine is taken, as in
     * transformers: at position 100,000 the difference would be seen.
     */
    void write(int position, float[] cos, float[] sin, int offset) {
        for (int pair = 0; pair < frequencies.length; pair++) {
            float angle = position * frequencies[pair];
            cos[offset + pair] = (float) Math.cos(angle) * factor;
            sin[offset + pair] = (float) Math.sin(angle) * factor;
        }
    }
}
