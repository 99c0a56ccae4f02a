package io.yuebing.model.decoder;

import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvLayout;

/** A kind of attention: what it computes and what it keeps of each token. */
public sealed interface AttentionSpec permits GroupedQuery, Latent {
    int NO_WINDOW = 0;
    float NO_CAP = 0;

    /** Query heads. */
    int heads();

    /** Heads of the cache. */
    int kvHeads();

    /** Elements of a head of the cache. */
    int headSize();

    /** Positions that a token attends to, its own included; {@link #NO_WINDOW} = all. */
    int window();

    RopeSpec rope();

    /** The same with another rotary embedding. */
    AttentionSpec withRope(RopeSpec rope);

    /** How the keys and values of layers of this kind lie in memory. */
    KvLayout kvLayout(int layers, int blocks, int blockSize, ElementType type, String fingerprint);
}
