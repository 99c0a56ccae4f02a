package io.yuebing.gguf;

import java.util.Optional;

/** Types of metadata values, in the order of their numbers in the file ({@code enum gguf_type} of gguf.h). */
enum ValueKind {
    U8(1),
    I8(1),
    U16(2),
    I16(2),
    U32(4),
    I32(4),
    F32(4),
    BOOL(1),
    TEXT(8),
    ARRAY(12),
    U64(8),
    I64(8),
    F64(8);

    private final int leastBytes;

    ValueKind(int leastBytes) {
        this.leastBytes = leastBytes;
    }

    /** Bytes of a value; of a string or list, bytes of its length. */
    int leastBytes() {
        return leastBytes;
    }

    static Optional<ValueKind> of(int number) {
        return number >= 0 && number < values().length ? Optional.of(values()[number]) : Optional.empty();
    }
}
