package io.yuebing.transfer;

import io.yuebing.kernels.Crc32c;
import java.lang.foreign.MemorySegment;

/** What payloads are verified by; the frames around them always have their CRC. */
public enum Checksum {
    /** CRC-32C (Castagnoli). */
    CRC32C {
        @Override
        int of(MemorySegment bytes) {
            return Crc32c.of(bytes);
        }

        @Override
        int copy(MemorySegment from, MemorySegment to, boolean readSoon) {
            return Crc32c.copy(from, to, !readSoon && from.byteSize() >= PAST_CACHES_BYTES);
        }
    },

    /** Nothing: damage stays unnoticed, and so does memory that changes while it is read in place. */
    NONE {
        @Override
        int of(MemorySegment bytes) {
            return 0;
        }

        @Override
        int copy(MemorySegment from, MemorySegment to, boolean readSoon) {
            MemorySegment.copy(from, 0, to, 0, from.byteSize());
            return 0;
        }
    };

    /** The work of going around the caches is worth it for so many. */
    private static final long PAST_CACHES_BYTES = 4 << 10;

    abstract int of(MemorySegment bytes);

    /**
     * Copies all of {@code from} to the start of {@code to}.
     *
     * @param readSoon whether the copy is better left in the processor's caches
     * @return the checksum of the copy, whatever happens to {@code from} meanwhile
     */
    abstract int copy(MemorySegment from, MemorySegment to, boolean readSoon);
}
