package io.yuebing.kv;

import java.util.Locale;

/** Element types of a KV cache. */
public enum ElementType {
    F32(4, 0),
    F16(2, 0),
    BF16(2, 0),
    /** Signed integers; behind the channels of a token's head stands the 32-bit float that they are multiplied with. */
    INT8(1, 4);

    private final int bytes;
    private final int scaleBytes;

    ElementType(int bytes, int scaleBytes) {
        this.bytes = bytes;
        this.scaleBytes = scaleBytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Bytes of the scale behind the channels of one token and head; 0 = elements are values themselves. */
    public int scaleBytes() {
        return scaleBytes;
    }

    /** Bytes of {@code channels} elements with their scale. */
    public long rowBytes(int channels) {
        return (long) channels * bytes + scaleBytes;
    }

    /** The spelling in flags, descriptors and errors: {@code f32}, {@code f16}, {@code bf16}, {@code int8}. */
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
        throw new IllegalArgumentException("unknown KV element type '" + name + "'; one of f32, f16, bf16, int8");
    }
}
