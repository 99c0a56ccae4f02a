package io.yuebing.transfer;

/** A {@link Payload} is not what its sender has sent. The transport catches it, and the sender sends again. */
public final class DamagedPayloadException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int expected;
    private final int found;

    private DamagedPayloadException(int expected, int found) {
        super("CRC32C expected 0x%08x, found 0x%08x".formatted(expected, found));
        this.expected = expected;
        this.found = found;
    }

    static void check(int expected, int found) {
        if (found != expected) {
            throw new DamagedPayloadException(expected, found);
        }
    }

    int expected() {
        return expected;
    }

    int found() {
        return found;
    }
}
