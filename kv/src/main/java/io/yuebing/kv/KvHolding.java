package io.yuebing.kv;

/** How keys and values are held. */
public enum KvHolding {
    /** An axis of size two: 0 = key, 1 = value. */
    SPLIT_AXIS,
    /** Key and value of a head side by side in the channel axis. */
    PACKED,
    /** Key x-packed {@code (head, channel / x, token, x)}, value token-minor: PagedAttention on Volta and Turing. */
    X_PACKED,
    /** One latent row for both (MLA). */
    LATENT
}
