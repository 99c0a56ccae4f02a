package io.yuebing.kv;

import java.util.Locale;

/** How keys and values are held. */
public enum KvHolding {
    /** An axis of size two: 0 = key, 1 = value. */
    SPLIT_AXIS,
    /** Key and value of a head side by side in the channel axis: its first half is the key, its second the value. */
    PACKED,
    /**
     * Key x-packed {@code [channel / x][token][x]}, value token-minor {@code [channel][token]}: PagedAttention on Volta and
     * Turing. The axes describe the key, so the channel stands twice; x is the size of the inner one.
     */
    X_PACKED,
    /** One latent row for both (MLA). */
    LATENT;

    /** The spelling in descriptors and errors: {@code split_axis}. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
