package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/** What payloads are verified by; the frames around them always have their CRC. */
public enum Checksum {
    /** CRC-32C (Castagnoli). */
    CRC32C {
        @Override
        int of(MemorySegment bytes) {
            return FrameDescriptor.crc32c(bytes.asByteBuffer());
        }

        @Override
        int copy(MemorySegment from, MemorySegment to) {
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
    },

    /** Nothing: damage stays unnoticed, and so does memory that changes while it is read in place. */
    NONE {
        @Override
        int of(MemorySegment bytes) {
            return 0;
        }

        @Override
        int copy(MemorySegment from, MemorySegment to) {
            MemorySegment.copy(from, 0, to, 0, from.byteSize());
            return 0;
        }
    };

    /** Small enough that the checksum finds in the processor's first cache what the copy has just written. */
    private static final long PIECE_BYTES = 16 << 10;

    abstract int of(MemorySegment bytes);

    /**
     * Copies all of {@code from} to the start of {@code to}.
     *
     * @return the checksum of the copy, whatever happens to {@code from} meanwhile
     */
    abstract int copy(MemorySegment from, MemorySegment to);
}
