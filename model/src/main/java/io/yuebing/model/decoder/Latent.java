package io.yuebing.model.decoder;

import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvLayout;

/**
 * Multi-head latent attention (DeepSeek-AI, 2024): of each token the cache keeps one latent row for the keys and values of
 * all heads, and one key with the position that all heads share.
 *
 * <pre>
 *   row of the cache:  | normed latent, latentSize | turned key, rope.channels() |
 *   query of a head:   | plainSize                 | turned, rope.channels()     |
 * </pre>
 *
 * <p>A head's key is {@code K latent} beside the turned key, its value {@code V latent}. Since {@code q . K latent = K' q .
 * latent}, queries are brought into the latent space and results out of it, and keys and values are never made.
 *
 * @param heads query heads
 * @param queryRank width of the latent row that queries are made from; 0 = they are made from the residual stream
 * @param latentSize width of the latent row of keys and values
 * @param plainSize channels of a query head that are not turned
 * @param valueSize channels of a value head
 * @param rope rotary position embedding of the other channels
 * @param scale factor on the products of queries and keys
 * @param bias whether the projections from and to the residual stream have a bias, save that of queries without a latent row
 */
public record Latent(
        int heads,
        int queryRank,
        int latentSize,
        int plainSize,
        int valueSize,
        RopeSpec rope,
        float scale,
        boolean bias)
        implements AttentionSpec {

    /** Channels of a query head. */
    public int querySize() {
        return plainSize + rope.channels();
    }

    @Override
    public Latent withRope(RopeSpec other) {
        return new Latent(heads, queryRank, latentSize, plainSize, valueSize, other, scale, bias);
    }

    /** Rows are shared by all heads. */
    @Override
    public int kvHeads() {
        return 1;
    }

    @Override
    public int headSize() {
        return latentSize + rope.channels();
    }

    @Override
    public int window() {
        return NO_WINDOW;
    }

    @Override
    public KvLayout kvLayout(int layers, int blocks, int blockSize, ElementType type, String fingerprint) {
        return KvLayout.nativeLatentLayout(layers, blocks, blockSize, headSize(), type, fingerprint);
    }
}
