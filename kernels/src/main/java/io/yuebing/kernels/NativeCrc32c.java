package io.yuebing.kernels;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** CRC-32C in C: vectors multiplied without carries, and copied in the same loop. */
final class NativeCrc32c {
    /** The collector waits for a call, which takes some 20 microseconds for so many. */
    private static final long MOST_BYTES = 256 << 10;

    private static final MethodHandle CRC = NativeLibrary.function(
            "yuebing_crc32c",
            NativeLibrary.checksumIsa(),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle COPY = NativeLibrary.function(
            "yuebing_crc32c_copy",
            NativeLibrary.checksumIsa(),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT));

    private NativeCrc32c() {}

    static boolean available() {
        return NativeMove.available() && !NativeLibrary.checksumIsa().isEmpty();
    }

    static int of(MemorySegment bytes) {
        int crc = 0;
        for (long at = 0; at < bytes.byteSize(); at += MOST_BYTES) {
            MemorySegment piece = bytes.asSlice(at, Math.min(MOST_BYTES, bytes.byteSize() - at));
            try {
                crc = (int) CRC.invokeExact(crc, piece, piece.byteSize());
            } catch (Throwable t) {
                throw NativeLibrary.failed(t);
            }
        }
        return crc;
    }

    static int copy(MemorySegment from, MemorySegment to, boolean pastCaches) {
        int crc = 0;
        for (long at = 0; at < from.byteSize(); at += MOST_BYTES) {
            long bytes = Math.min(MOST_BYTES, from.byteSize() - at);
            MemorySegment source = from.asSlice(at, bytes);
            MemorySegment target = to.asSlice(at, bytes);
            try {
                crc = (int) COPY.invokeExact(crc, source, target, bytes, pastCaches ? 1 : 0);
            } catch (Throwable t) {
                throw NativeLibrary.failed(t);
            }
        }
        return crc;
    }
}
