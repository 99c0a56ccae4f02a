package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/**
 * CRC-32C (Castagnoli) of memory, found while it is copied if need be.
 *
 * <p>Where there are native loops, a copy with its checksum costs what a copy costs.
 */
public final class Crc32c {
    private static final boolean NATIVE = NativeCrc32c.available();

    /** Small enough that the checksum finds in the processor's first cache what the copy has just written. */
    private static final long PIECE_BYTES = 16 << 10;

    private Crc32c() {}

    /** The checksum, as {@link CRC32C#getValue} gives it. */
    public static int of(MemorySegment bytes) {
        return NATIVE ? NativeCrc32c.of(bytes) : javaOf(bytes);
    }

    /**
     * Copies all of {@code from} to the start of {@code to}.
     *
     * @param pastCaches whether what is copied is not read again soon: it then leaves the caches to others, and costs no
     *     read of what was there before
     * @return the checksum of the copy, whatever happens to {@code from} meanwhile
     * @throws IndexOutOfBoundsException if {@code to} is smaller
     */
    public static int copy(MemorySegment from, MemorySegment to, boolean pastCaches) {
        return NATIVE ? NativeCrc32c.copy(from, to, pastCaches) : javaCopy(from, to);
    }

    static int javaOf(MemorySegment bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.asByteBuffer());
        return (int) crc.getValue();
    }

    static int javaCopy(MemorySegment from, MemorySegment to) {
        CRC32C crc = new CRC32C();
        long length = from.byteSize();
        for (long at = 0; at < length; at += PIECE_BYTES) {
            long piece = Math.min(PIECE_BYTES, length - at);
            MemorySegment place = to.asSlice(at, piece);
            MemorySegment.copy(from, at, place, 0, piece);
            crc.update(place.asByteBuffer());
        }
        return (int) crc.getValue();
    }
}
