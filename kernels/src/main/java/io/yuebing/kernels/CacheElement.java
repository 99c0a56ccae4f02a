package io.yuebing.kernels;

/** How the cached keys and values of one token and head, a row, are stored. */
public enum CacheElement {
    F32(Float.BYTES, false),
    F16(Short.BYTES, false),
    BF16(Short.BYTES, false),
    /** Integers from -127 to 127, and behind each row the float that they are multiplied with. */
    INT8(Byte.BYTES, true);

    private final int bytes;
    private final boolean scaled;

    CacheElement(int bytes, boolean scaled) {
        this.bytes = bytes;
        this.scaled = scaled;
    }

    int bytes() {
        return bytes;
    }

    /** Whether a float follows the row. */
    boolean scaled() {
        return scaled;
    }
}
