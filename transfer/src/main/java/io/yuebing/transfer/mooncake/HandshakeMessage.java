package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.mooncake.HandshakeInput.MalformedHandshake;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One message between handshake daemons.
 *
 * @param type what it is about
 * @param json one object; null from a daemon that knows nothing to say
 */
record HandshakeMessage(Type type, JsonNode json) {

    /** The number before the JSON text. */
    enum Type {
        /** Queue pairs of RDMA. */
        CONNECTION(0),
        /** Both sides' segment descriptors. */
        METADATA(1),
        /** A message for the owner of the segment. */
        NOTIFY(2),
        /** Whether somebody is there. */
        PROBE(3);

        private final int wireCode;

        Type(int wireCode) {
            this.wireCode = wireCode;
        }

        static @Nullable Type ofWireCode(int code) {
            return code >= 0 && code < values().length ? values()[code] : null;
        }
    }

    ByteBuffer encode() {
        byte[] text = (JsonMapper.shared().writeValueAsString(json) + "\n").getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(MooncakeDescriptor.LENGTH_BYTES + 1 + text.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(1L + text.length)
                .put((byte) type.wireCode)
                .put(text)
                .flip();
    }

    /**
     * Reads what follows the length.
     *
     * @throws MalformedHandshake if it is no such message
     */
    static HandshakeMessage decode(byte[] body) throws MalformedHandshake {
        Type type = Type.ofWireCode(body[0]);
        if (type == null) {
            throw new MalformedHandshake("a handshake of type " + Byte.toUnsignedInt(body[0]) + ", expected 0 to 3");
        }
        try {
            return new HandshakeMessage(type, JsonMapper.shared().readTree(body, 1, body.length - 1));
        } catch (JacksonException e) {
            throw new MalformedHandshake("a handshake whose JSON cannot be read: " + e.getOriginalMessage());
        }
    }
}
