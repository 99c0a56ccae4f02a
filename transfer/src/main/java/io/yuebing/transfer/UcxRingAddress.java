package io.yuebing.transfer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Base64;

/**
 * Where a ring lies that is reached through UCX, as the ring name of a WELCOME: {@code ucx:} and, in Base64, the address in
 * the owner's process, the length of the remote key, the remote key and the address of the owner's worker.
 *
 * @param address first byte, in the owner's process
 */
record UcxRingAddress(long address, ByteBuffer remoteKey, ByteBuffer worker) {
    private static final String PREFIX = "ucx:";
    private static final int FIXED_BYTES = Long.BYTES + Integer.BYTES;

    String name() {
        ByteBuffer bytes = ByteBuffer.allocate(FIXED_BYTES + remoteKey.remaining() + worker.remaining());
        bytes.putLong(address).putInt(remoteKey.remaining());
        bytes.put(remoteKey.duplicate()).put(worker.duplicate());
        return PREFIX + Base64.getEncoder().encodeToString(bytes.array());
    }

    /**
     * @throws IOException if it is no such name
     */
    static UcxRingAddress parse(String name) throws IOException {
        if (!name.startsWith(PREFIX)) {
            throw new IOException("'" + name + "' is no name of a ring for UCX");
        }
        ByteBuffer bytes;
        try {
            bytes = ByteBuffer.wrap(Base64.getDecoder().decode(name.substring(PREFIX.length())));
        } catch (IllegalArgumentException e) {
            throw new IOException("the name of its ring is no Base64", e);
        }
        if (bytes.remaining() < FIXED_BYTES) {
            throw new IOException("the name of its ring is cut short");
        }
        long address = bytes.getLong();
        int keyBytes = bytes.getInt();
        if (keyBytes < 1 || keyBytes >= bytes.remaining()) {
            throw new IOException("the name of its ring has a key of " + keyBytes + " bytes");
        }
        return new UcxRingAddress(
                address,
                direct(bytes.slice(bytes.position(), keyBytes)),
                direct(bytes.slice(bytes.position() + keyBytes, bytes.remaining() - keyBytes)));
    }

    /** UCX reads from direct buffers only. */
    private static ByteBuffer direct(ByteBuffer bytes) {
        return ByteBuffer.allocateDirect(bytes.remaining()).put(bytes).flip();
    }
}
