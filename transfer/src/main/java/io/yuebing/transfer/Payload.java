package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;

/**
 * What a write brings. Belongs to one call of a {@link WriteGuard}.
 *
 * <p>Some lies in memory that the peer may still change. So a payload is verified where it ends up, and nothing counts
 * as arrived before one of the methods here has returned.
 */
public interface Payload {

    /** Bytes of it. */
    long byteSize();

    /**
     * Copies it to the start of {@code target}.
     *
     * @throws DamagedPayloadException if other bytes arrived than were sent; {@code target} then holds them
     */
    void copyTo(MemorySegment target);

    /**
     * Its bytes where nobody changes them during the call.
     *
     * @throws DamagedPayloadException if they are not those that were sent
     */
    MemorySegment bytes();

    /** A payload that is known to be right and that nobody changes. */
    static Payload of(MemorySegment verified) {
        return new Payload() {
            @Override
            public long byteSize() {
                return verified.byteSize();
            }

            @Override
            public void copyTo(MemorySegment target) {
                target.copyFrom(verified);
            }

            @Override
            public MemorySegment bytes() {
                return verified;
            }
        };
    }

    /**
     * A payload that the peer may still change.
     *
     * @param expected CRC32C of what was sent
     * @param scratch room for it out of the peer's reach
     */
    static Payload changing(MemorySegment bytes, int expected, MemorySegment scratch) {
        return new Payload() {
            @Override
            public long byteSize() {
                return bytes.byteSize();
            }

            @Override
            public void copyTo(MemorySegment target) {
                int found = CheckedCopy.copy(bytes, target);
                if (found != expected) {
                    throw new DamagedPayloadException(expected, found);
                }
            }

            @Override
            public MemorySegment bytes() {
                copyTo(scratch);
                return scratch.asSlice(0, bytes.byteSize());
            }
        };
    }
}
