package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;

/**
 * What a write brings. Belongs to one call of a {@link WriteGuard}.
 *
 * <p>It is verified while it is copied, for some lies in memory that the peer may still change. Nothing counts as arrived
 * before one of the methods here has returned.
 */
public interface Payload {

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
        return received(verified, Checksum.NONE, 0);
    }

    /**
     * A payload in memory of this process.
     *
     * @param expected checksum of what was sent
     */
    static Payload received(MemorySegment bytes, Checksum checksum, int expected) {
        return new Payload() {
            @Override
            public void copyTo(MemorySegment target) {
                DamagedPayloadException.check(expected, checksum.copy(bytes, target, false));
            }

            @Override
            public MemorySegment bytes() {
                DamagedPayloadException.check(expected, checksum.of(bytes));
                return bytes;
            }
        };
    }

    /**
     * A payload in memory that the peer may still change.
     *
     * @param expected checksum of what was sent
     * @param scratch room for it out of the peer's reach
     */
    static Payload shared(MemorySegment bytes, Checksum checksum, int expected, MemorySegment scratch) {
        Payload payload = received(bytes, checksum, expected);
        return new Payload() {
            @Override
            public void copyTo(MemorySegment target) {
                payload.copyTo(target);
            }

            @Override
            public MemorySegment bytes() {
                DamagedPayloadException.check(expected, checksum.copy(bytes, scratch, true));
                return scratch.asSlice(0, bytes.byteSize());
            }
        };
    }
}
