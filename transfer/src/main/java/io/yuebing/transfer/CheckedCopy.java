package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/** Copies memory and says what has arrived. */
final class CheckedCopy {
    /** Small enough that the checksum finds in the processor's first cache what the copy has just written. */
    private static final long PIECE_BYTES = 16 << 10;

    private CheckedCopy() {}

    /**
     * Copies all of {@code from} to the start of {@code to}.
     *
     * @return the CRC32C of the copy, whatever happens to {@code from} meanwhile
     */
    static int copy(MemorySegment from, MemorySegment to) {
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
