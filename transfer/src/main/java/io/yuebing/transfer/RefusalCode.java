package io.yuebing.transfer;

import java.util.Optional;

/** Why the owner of a segment refuses one access, with its number in a NACK frame. */
public enum RefusalCode {
    /** The receiver has no such ticket, or has forgotten it. */
    UNKNOWN_TICKET(1),
    /** The ticket exists with another generation: the writer is from an earlier attempt. */
    WRONG_GENERATION(2),
    /** The bytes lie outside of what the ticket entitles to, or outside of the segment. */
    OUTSIDE_RESERVATION(3),
    /** The payload was damaged on its way; the same write may be sent again. */
    CHECKSUM_MISMATCH(4),
    /** The ticket's time is over. */
    EXPIRED(5),
    /** The ticket was given back before the write came. */
    RELEASED(6),
    /** The segment, or this part of it, is not for reading. */
    NOT_READABLE(7);

    private final int wireCode;

    RefusalCode(int wireCode) {
        this.wireCode = wireCode;
    }

    /** The number in a NACK frame. */
    public int wireCode() {
        return wireCode;
    }

    /** Reads {@link #wireCode()}; empty for a number of a later protocol. */
    public static Optional<RefusalCode> ofWireCode(int wireCode) {
        for (RefusalCode code : values()) {
            if (code.wireCode == wireCode) {
                return Optional.of(code);
            }
        }
        return Optional.empty();
    }
}
