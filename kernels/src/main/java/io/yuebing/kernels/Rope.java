package io.yuebing.kernels;

import java.util.Objects;

/** Turns query and key heads by angles that tell their position (Su et al., 2021). */
public final class Rope {
    private Rope() {}

    /**
     * Turns one head in the rotate-half form of Hugging Face models: channels {@code i} and {@code i + headSize / 2}
     * are a pair, turned by angle {@code i}. Where a model turns only the first channels of its heads, these are the head
     * here.
     *
     * @param x head of {@code headSize} values at {@code offset}, turned in place
     * @param cos cosines of the {@code headSize / 2} angles, from {@code tableOffset}
     * @param sin sines of the same angles, from {@code tableOffset}
     */
    public static void apply(float[] x, int offset, int headSize, float[] cos, float[] sin, int tableOffset) {
        int half = headSize / 2;
        Objects.checkFromIndexSize(offset, headSize, x.length);
        for (int i = 0; i < half; i++) {
            float first = x[offset + i];
            float second = x[offset + half + i];
            float c = cos[tableOffset + i];
            float s = sin[tableOffset + i];
            x[offset + i] = first * c - second * s;
            x[offset + half + i] = second * c + first * s;
        }
    }

    /**
     * Turns one head with neighbours as pairs: channels {@code 2 i} and {@code 2 i + 1} are turned by angle {@code i}.
     * Otherwise as {@link #apply}.
     */
    public static void applyToNeighbours(
            float[] x, int offset, int headSize, float[] cos, float[] sin, int tableOffset) {
        Objects.checkFromIndexSize(offset, headSize, x.length);
        for (int i = 0; i < headSize / 2; i++) {
            float first = x[offset + 2 * i];
            float second = x[offset + 2 * i + 1];
            float c = cos[tableOffset + i];
            float s = sin[tableOffset + i];
            x[offset + 2 * i] = first * c - second * s;
            x[offset + 2 * i + 1] = second * c + first * s;
        }
    }
}
