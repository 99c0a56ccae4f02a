package io.yuebing.kv;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Element types of a KV cache. */
public enum ElementType {
    F32(4),
    F16(2),
    BF16(2),
    /** OCP 8-bit float, 4 exponent and 3 mantissa bits, no infinities: PyTorch's {@code float8_e4m3fn}. */
    FP8_E4M3(1),
    /** OCP 8-bit float, 5 exponent and 2 mantissa bits: PyTorch's {@code float8_e5m2}. */
    FP8_E5M2(1),
    /** Signed codes, which mean something only together with a scale. */
    INT8(1);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    public int bytes() {
        return bytes;
    }

    /** The spelling in flags, descriptors and errors: {@code f32}, {@code bf16}, {@code fp8_e4m3}. */
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
        throw new IllegalArgumentException("unknown KV element type '" + name + "'; one of "
                + Arrays.stream(values()).map(ElementType::wireName).collect(Collectors.joining(", ")));
    }

    /** Whether every value of this type is one of {@code wider}, so that converting changes no value. */
    boolean widensTo(ElementType wider) {
        return this == wider
                || switch (this) {
                    case F32, INT8 -> false;
                    case F16, BF16 -> wider == F32;
                    case FP8_E4M3, FP8_E5M2 -> wider == F32 || wider == F16 || wider == BF16;
                };
    }
}
