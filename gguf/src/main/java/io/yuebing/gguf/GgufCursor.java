package io.yuebing.gguf;

import io.yuebing.api.UserError;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads a GGUF file from front to back; what would lie beyond its end is an error that names the place. */
final class GgufCursor {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The reference implementation's limit for keys and tensor names is shorter; chat templates are longer. */
    private static final int MAX_TEXT_BYTES = 16 << 20;

    private final Path file;
    private final MemorySegment bytes;
    private long at;

    GgufCursor(Path file, MemorySegment bytes, long at) {
        this.file = file;
        this.bytes = bytes;
        this.at = at;
    }

    long position() {
        return at;
    }

    long remaining() {
        return bytes.byteSize() - at;
    }

    int u8(String what) {
        return bytes.get(ValueLayout.JAVA_BYTE, advance(1, what)) & 0xFF;
    }

    short i16(String what) {
        return bytes.get(SHORT, advance(2, what));
    }

    int i32(String what) {
        return bytes.get(INT, advance(4, what));
    }

    long i64(String what) {
        return bytes.get(LONG, advance(8, what));
    }

    /** A string: its length in 8 bytes, then UTF-8. */
    String text(String what) {
        int length = textLength(what);
        byte[] utf8 = new byte[length];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, advance(length, what), utf8, 0, length);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    void skipText(String what) {
        int length = textLength(what);
        advance(length, what);
    }

    private int textLength(String what) {
        long start = at;
        long length = i64(what);
        if (length < 0 || length > Math.min(MAX_TEXT_BYTES, remaining())) {
            throw new UserError(file + ": the length of " + what + " at offset " + start + " must be in [0, "
                    + Math.min(MAX_TEXT_BYTES, remaining()) + "], found " + Long.toUnsignedString(length)
                    + "; fetch the file again");
        }
        return (int) length;
    }

    /** Passes over {@code n} bytes and tells where they begin. */
    long advance(long n, String what) {
        long start = at;
        if (n > remaining()) {
            throw new UserError(file + ": truncated: " + what + " at offset " + start + " needs " + n
                    + " bytes, the file has " + remaining() + " more; fetch the file again");
        }
        at += n;
        return start;
    }
}
