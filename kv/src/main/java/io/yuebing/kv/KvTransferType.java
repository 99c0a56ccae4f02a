package io.yuebing.kv;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What the elements of a KV cache are on their way to another node. */
public enum KvTransferType {
    /** As they lie in the cache: every value arrives as it is. */
    AUTO,
    /** Codes with a 32-bit scale for each row, rounded like those of an int8 cache. */
    INT8;

    /** The spelling in flags and handshakes. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads {@link #wireName()}.
     *
     * @throws IllegalArgumentException that lists the names
     */
    public static KvTransferType parse(String name) {
        return Arrays.stream(values())
                .filter(type -> type.wireName().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown KV transfer type '" + name + "'; one of "
                        + Arrays.stream(values()).map(KvTransferType::wireName).collect(Collectors.joining(", "))));
    }

    /**
     * How the blocks of an engine's cache travel: the cache's own layout, also where codes would be no smaller.
     *
     * @param cache a native layout
     */
    public KvLayout travelling(KvLayout cache) {
        return switch (this) {
            case AUTO -> cache;
            case INT8 -> {
                KvLayout codes = cache.nativeWith(ElementType.INT8);
                yield codes.blockBytes() < cache.blockBytes() ? codes : cache;
            }
        };
    }
}
