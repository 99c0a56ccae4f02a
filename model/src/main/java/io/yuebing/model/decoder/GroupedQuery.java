package io.yuebing.model.decoder;

import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvLayout;

/**
 * Attention whose query heads share key and value heads in groups (Ainslie et al., 2023).
 *
 * @param heads query heads; a multiple of {@code kvHeads}
 * @param kvHeads key heads, and value heads
 * @param headSize elements per head, even
 * @param rope rotary position embedding
 * @param window positions that a token attends to, its own included; {@link #NO_WINDOW} = all
 * @param scale factor on the products of queries and keys
 * @param cap largest magnitude of a scaled product, softly: {@code cap * tanh(product / cap)}; {@link #NO_CAP} = any
 * @param queryKeyValueBias whether query, key and value have a bias, which then must be in the files
 * @param outputBias the same for the output
 */
public record GroupedQuery(
        int heads,
        int kvHeads,
        int headSize,
        RopeSpec rope,
        int window,
        float scale,
        float cap,
        boolean queryKeyValueBias,
        boolean outputBias)
        implements AttentionSpec {

    /** Without window and biases, scaled as usual. */
    GroupedQuery(int heads, int kvHeads, int headSize, RopeSpec rope) {
        this(heads, kvHeads, headSize, rope, NO_WINDOW, (float) (1 / Math.sqrt(headSize)), NO_CAP, false, false);
    }

    GroupedQuery withWindow(int positions) {
        return new GroupedQuery(heads, kvHeads, headSize, rope, positions, scale, cap, queryKeyValueBias, outputBias);
    }

    @Override
    public GroupedQuery withRope(RopeSpec other) {
        return new GroupedQuery(heads, kvHeads, headSize, other, window, scale, cap, queryKeyValueBias, outputBias);
    }

    GroupedQuery withScale(float factor) {
        return new GroupedQuery(heads, kvHeads, headSize, rope, window, factor, cap, queryKeyValueBias, outputBias);
    }

    GroupedQuery withCap(float largest) {
        return new GroupedQuery(heads, kvHeads, headSize, rope, window, scale, largest, queryKeyValueBias, outputBias);
    }

    GroupedQuery withBias(boolean queryKeyValue, boolean output) {
        return new GroupedQuery(heads, kvHeads, headSize, rope, window, scale, cap, queryKeyValue, output);
    }

    /** Width of all query heads side by side. */
    public int queryWidth() {
        return heads * headSize;
    }

    /** Width of all key heads, or all value heads, side by side. */
    public int kvWidth() {
        return kvHeads * headSize;
    }

    @Override
    public KvLayout kvLayout(int layers, int blocks, int blockSize, ElementType type, String fingerprint) {
        return KvLayout.nativeLayout(layers, blocks, kvHeads, blockSize, headSize, type, fingerprint);
    }
}
