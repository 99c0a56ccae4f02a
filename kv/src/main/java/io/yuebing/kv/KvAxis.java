package io.yuebing.kv;

/** The axes along which the elements of a KV cache are counted. */
public enum KvAxis {
    LAYER,
    BLOCK,
    /** 0 = key, 1 = value; absent where {@link KvHolding} says that both share another axis. */
    KV,
    HEAD,
    /** Token within a block. */
    TOKEN,
    /** Element within a head. */
    CHANNEL
}
