package io.yuebing.kv;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

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
    CHANNEL;

    /** The spelling in descriptors and errors: {@code layer}. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Several as in a descriptor: {@code [layer, block]}. */
    static String wireNames(List<KvAxis> axes) {
        return axes.stream().map(KvAxis::wireName).collect(Collectors.joining(", ", "[", "]"));
    }
}
