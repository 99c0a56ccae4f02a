package io.yuebing.kv;

import java.util.Locale;

/** Element types of a KV cache. */
public enum ElementType {
    F32(4),
    F16(2),
    BF16(2);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    public int bytes() {
        return bytes;
    }

    /** The spelling in flags, descriptors and errors: {@code f32}, {@code f16}, {@code bf16}. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads {@link #wireName()}. */
    public static ElementType parse(String name) {
        for (ElementType type : values()) {
            if (type.wireName().equals(name)) {
                return type;
            }
        }
        throw new IllegalArgumentException("unknown KV element type '" + name + "'; one of f32, f16, bf16");
    }
}
