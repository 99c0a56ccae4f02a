package io.yuebing.transfer.mooncake;

/**
 * The bytes of Mooncake's classic transfer engine, releases 0.3.10 to 0.3.12. All integers are little-endian, as on the
 * machines that its builds are for.
 *
 * <pre>
 * data plane, request (SessionHeader)            status, only for acknowledged requests (version 2)
 *  0        8        16   17       24             0        4        8
 *  +--------+--------+----+--------+               +--------+--------+
 *  | size   | address| op | padding|               | code   | "VTCM" |
 *  +--------+--------+----+--------+               +--------+--------+
 *
 *  op 0x00  read                  answer: size bytes
 *  op 0x01  write, size bytes     answer: none
 *  op 0x80  read, acknowledged    answer: status, then size bytes if it is 0
 *  op 0x81  write, acknowledged   answer: status, after the last byte is applied
 *
 * handshake, request and reply; length counts type and JSON
 *  0        8      9
 *  +--------+------+---------- - - -
 *  | length | type | JSON, newline
 *  +--------+------+---------- - - -
 * </pre>
 *
 * <p>An address is a number that the offering process has published with its buffer. Requests on one connection follow
 * each other; there is no request id, no checksum, no ticket and no proof of who is asking.
 *
 * <p>Source: mooncake-transfer-engine of kvcache-ai/Mooncake, {@code tcp_transport_session_impl.h} and
 * {@code transfer_metadata_plugin.cpp}.
 */
final class MooncakeDescriptor {
    static final int SIZE_OFFSET = 0;
    static final int ADDRESS_OFFSET = 8;
    static final int OPCODE_OFFSET = 16;
    static final int HEADER_BYTES = 24;

    static final int OPCODE_READ = 0;
    static final int OPCODE_WRITE = 1;
    static final int OPCODE_ACKNOWLEDGED = 0x80;

    static final int STATUS_BYTES = 8;
    static final long STATUS_MAGIC = 0x4D43_5456L << 32;
    static final long STATUS_MAGIC_MASK = 0xFFFF_FFFFL << 32;
    static final long STATUS_OK = STATUS_MAGIC;
    static final long STATUS_ADDRESS_REJECTED = STATUS_MAGIC | 1;

    static final int LENGTH_BYTES = 8;

    /** Mooncake's own default; descriptors of many thousand buffers stay below it. */
    static final int MAX_HANDSHAKE_BYTES = 1 << 20;

    /** The data plane with acknowledgements, as a segment's descriptor announces it. */
    static final int ACKNOWLEDGED_VERSION = 2;

    private MooncakeDescriptor() {}
}
