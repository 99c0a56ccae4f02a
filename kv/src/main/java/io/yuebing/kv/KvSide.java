package io.yuebing.kv;

/** What a row of a KV cache is to attention. */
public enum KvSide {
    KEY,
    VALUE,
    /** MLA: keys and values are both computed from it. */
    LATENT
}
