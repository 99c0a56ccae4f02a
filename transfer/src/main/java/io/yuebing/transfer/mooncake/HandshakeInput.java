package io.yuebing.transfer.mooncake;

import static io.yuebing.transfer.mooncake.MooncakeDescriptor.LENGTH_BYTES;
import static io.yuebing.transfer.mooncake.MooncakeDescriptor.MAX_HANDSHAKE_BYTES;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Puts one handshake message together from the pieces in which it arrives.
 *
 * <p>Memory grows with what has arrived, not with the length that the peer announces.
 */
final class HandshakeInput {
    private final ByteBuffer length = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteArrayOutputStream body = new ByteArrayOutputStream(256);

    /** Bytes that are not a handshake; the sentence goes after "sent". */
    static final class MalformedHandshake extends IOException {
        private static final long serialVersionUID = 1L;

        MalformedHandshake(String found) {
            super(found);
        }
    }

    /** Whether something has arrived. */
    boolean begun() {
        return length.position() > 0;
    }

    /**
     * Takes bytes of the message; what follows it stays in {@code bytes}.
     *
     * @return the message once it is complete
     */
    Optional<HandshakeMessage> take(ByteBuffer bytes) throws MalformedHandshake {
        while (length.hasRemaining() && bytes.hasRemaining()) {
            length.put(bytes.get());
        }
        if (length.hasRemaining()) {
            return Optional.empty();
        }
        long announced = length.getLong(0);
        if (announced < 1 || announced > MAX_HANDSHAKE_BYTES) {
            throw new MalformedHandshake("a handshake of " + Long.toUnsignedString(announced) + " bytes, expected 1 to "
                    + MAX_HANDSHAKE_BYTES);
        }
        byte[] piece = new byte[(int) Math.min(bytes.remaining(), announced - body.size())];
        bytes.get(piece);
        body.writeBytes(piece);
        return body.size() < announced ? Optional.empty() : Optional.of(HandshakeMessage.decode(body.toByteArray()));
    }
}
