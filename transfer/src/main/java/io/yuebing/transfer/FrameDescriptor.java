package io.yuebing.transfer;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Layout of the frames of protocol version 3. Integers are little-endian, texts UTF-8.
 *
 * <p>Every frame begins with
 * <pre>
 *   0       4         5      6          8              12            16
 *   +-------+---------+------+----------+--------------+-------------+
 *   | magic | version | type | zero     | frame length | header CRC  | ...
 *   +-------+---------+------+----------+--------------+-------------+
 * </pre>
 *
 * The header CRC is the CRC32C of bytes 0..11 and of everything after byte 15 up to the frame's end, without the payload
 * of a SLICE or DATA. A wrong one means that the length cannot be trusted, so the connection ends; a wrong payload CRC
 * costs only that slice. The caller is the side that opened the connection, the owner the one that offers the segment.
 * <pre>
 * HELLO      16            18     19     20             24      56             64             80                   82     88
 *  1         +-------------+------+------+--------------+-------+--------------+--------------+--------------------+------+
 *  to owner  | name length | ring | sums | hello length | nonce | memory bytes | memory token | memory name length | zero |
 *            +-------------+------+------+--------------+-------+--------------+--------------+--------------------+------+
 *            +--------------+-------------+-------------------+
 *            | segment name | memory name | application hello |   memory bytes 0: the owner can map nothing
 *            +--------------+-------------+-------------------+
 *                            ring: 0 never, 1 if possible, 2 always, 3 through UCX if possible, 4 through UCX
 *                            sums of payloads: 0 CRC32C, 1 none
 *
 * CHALLENGE  16      48      80                PROOF      16      48
 *  8         +-------+-------+                  9         +-------+
 *  to caller | nonce | proof |                  to owner  | proof |     only between peers with a shared secret
 *            +-------+-------+                            +-------+
 *
 * WELCOME    16       24              32          36             40           48           64            66
 *  2         +--------+---------------+-----------+--------------+------------+------------+-------------+-----------
 *  to caller | window | segment bytes | max slice | hello length | ring bytes | ring token | name length | ring length
 *            +--------+---------------+-----------+--------------+------------+------------+-------------+-----------
 *              68                   70       71     72             80             96              104
 *            --+--------------------+--------+------+--------------+--------------+---------------+
 *              | memory name length | mapped | zero | memory bytes | memory token | memory offset |
 *            --+--------------------+--------+------+--------------+--------------+---------------+
 *            +--------------+-----------+-------------+-------------------+
 *            | segment name | ring name | memory name | application hello |   ring bytes 0: no ring; memory bytes 0:
 *            +--------------+-----------+-------------+-------------------+   the caller can map nothing
 *
 * RING       16      17     24
 *  10        +-------+------+
 *  to owner  | taken | zero |      answers a WELCOME with a ring
 *            +-------+------+
 *
 * REFUSE     16                20
 *  3         +-----------------+----------+
 *  both      | sentence length | sentence |   the connection ends
 *            +-----------------+----------+
 *
 * SLICE      16         24       40           48       56               60            64
 *  4         +----------+--------+------------+--------+----------------+-------------+---------+
 *  to owner  | sequence | ticket | generation | offset | payload length | payload CRC | payload |
 *            +----------+--------+------------+--------+----------------+-------------+---------+
 *
 * RING_SLICE 16         24       40           48       56               60            64            72
 *  11        +----------+--------+------------+--------+----------------+-------------+-------------+
 *  to owner  | sequence | ticket | generation | offset | payload length | payload CRC | ring offset |
 *            +----------+--------+------------+--------+----------------+-------------+-------------+
 *
 * MAPPED_SLICE  as RING_SLICE, with an offset in the caller's shared memory
 *  15
 *
 * READ       16         24       40           48       56       60     64            72
 *  12        +----------+--------+------------+--------+--------+------+-------------+
 *  to owner  | sequence | ticket | generation | offset | length | zero | ring offset |   -1: the payload comes in DATA,
 *            +----------+--------+------------+--------+--------+------+-------------+   -2: it is read in place
 *
 * DATA       16         24            28       32
 *  13        +----------+-------------+--------+---------+
 *  to caller | sequence | payload CRC | length | payload |   no payload if it lies elsewhere; also acknowledges
 *            +----------+-------------+--------+---------+   everything up to its sequence
 *
 * ACK        16         24
 *  5         +----------+
 *  to caller | sequence |   everything up to this one is done, unless a NACK said otherwise
 *            +----------+
 *
 * NACK       16         24     26     28                32
 *  6         +----------+------+------+-----------------+----------+
 *  to caller | sequence | code | zero | sentence length | sentence |   comes before the ACK that covers it
 *            +----------+------+------+-----------------+----------+
 *
 * DROP       16         24       40           48
 *  7         +----------+--------+------------+
 *  to owner  | sequence | ticket | generation |   nothing more will come for this ticket
 *            +----------+--------+------------+
 *
 * NOTICE     16         24               28
 *  14        +----------+----------------+---------+
 *  to owner  | sequence | message length | message |   a batch is complete
 *            +----------+----------------+---------+
 * </pre>
 *
 * Sequences count SLICE, RING_SLICE, MAPPED_SLICE, READ, DROP and NOTICE frames of a connection from 1 without gaps. A ticket is a
 * UUID: its most, then its least significant 64 bits. The codes of NACK are those of {@link RefusalCode}.
 */
public final class FrameDescriptor {
    /** The bytes {@code Y B X F}. */
    public static final int MAGIC = 0x46584259;

    public static final byte VERSION = 3;

    public static final int MAGIC_OFFSET = 0;
    public static final int VERSION_OFFSET = 4;
    public static final int TYPE_OFFSET = 5;
    public static final int FRAME_LENGTH_OFFSET = 8;
    public static final int HEADER_CRC_OFFSET = 12;
    public static final int HEADER_BYTES = 16;

    public static final int NONCE_BYTES = 32;
    public static final int PROOF_BYTES = 32;

    public static final int HELLO_NAME_LENGTH_OFFSET = 16;
    public static final int HELLO_RING_OFFSET = 18;
    public static final int HELLO_CHECKSUM_OFFSET = 19;
    public static final int HELLO_LENGTH_OFFSET = 20;
    public static final int HELLO_NONCE_OFFSET = 24;
    public static final int HELLO_MEMORY_BYTES_OFFSET = 56;
    public static final int HELLO_MEMORY_TOKEN_OFFSET = 64;
    public static final int HELLO_MEMORY_NAME_LENGTH_OFFSET = 80;
    public static final int HELLO_TEXTS_OFFSET = 88;

    public static final int CHALLENGE_NONCE_OFFSET = 16;
    public static final int CHALLENGE_PROOF_OFFSET = 48;
    public static final int CHALLENGE_BYTES = 80;

    public static final int PROOF_OFFSET = 16;
    public static final int PROOF_FRAME_BYTES = 48;

    public static final int WELCOME_WINDOW_OFFSET = 16;
    public static final int WELCOME_SEGMENT_BYTES_OFFSET = 24;
    public static final int WELCOME_MAX_SLICE_OFFSET = 32;
    public static final int WELCOME_HELLO_LENGTH_OFFSET = 36;
    public static final int WELCOME_RING_BYTES_OFFSET = 40;
    public static final int WELCOME_RING_TOKEN_OFFSET = 48;
    public static final int WELCOME_NAME_LENGTH_OFFSET = 64;
    public static final int WELCOME_RING_NAME_LENGTH_OFFSET = 66;
    public static final int WELCOME_MEMORY_NAME_LENGTH_OFFSET = 68;
    public static final int WELCOME_MAPPED_OFFSET = 70;
    public static final int WELCOME_MEMORY_BYTES_OFFSET = 72;
    public static final int WELCOME_MEMORY_TOKEN_OFFSET = 80;
    public static final int WELCOME_MEMORY_OFFSET_OFFSET = 96;
    public static final int WELCOME_TEXTS_OFFSET = 104;

    public static final int RING_TAKEN_OFFSET = 16;
    public static final int RING_FRAME_BYTES = 24;

    public static final int REFUSE_SENTENCE_LENGTH_OFFSET = 16;
    public static final int REFUSE_SENTENCE_OFFSET = 20;

    public static final int SEQUENCE_OFFSET = 16;
    public static final int TICKET_OFFSET = 24;
    public static final int GENERATION_OFFSET = 40;

    public static final int SLICE_OFFSET_OFFSET = 48;
    public static final int SLICE_PAYLOAD_LENGTH_OFFSET = 56;
    public static final int SLICE_PAYLOAD_CRC_OFFSET = 60;
    public static final int SLICE_PAYLOAD_OFFSET = 64;

    public static final int RING_OFFSET_OFFSET = 64;
    public static final int RING_SLICE_BYTES = 72;
    public static final int READ_BYTES = 72;

    public static final int DATA_CRC_OFFSET = 24;
    public static final int DATA_LENGTH_OFFSET = 28;
    public static final int DATA_PAYLOAD_OFFSET = 32;

    public static final int ACK_BYTES = 24;

    public static final int NACK_CODE_OFFSET = 24;
    public static final int NACK_SENTENCE_LENGTH_OFFSET = 28;
    public static final int NACK_SENTENCE_OFFSET = 32;

    public static final int DROP_BYTES = 48;

    public static final int NOTICE_LENGTH_OFFSET = 24;
    public static final int NOTICE_MESSAGE_OFFSET = 28;

    public static final int MAX_SEGMENT_NAME_BYTES = 255;
    public static final int MAX_HELLO_BYTES = 64 << 10;
    public static final int MAX_SENTENCE_BYTES = 1 << 10;

    /** The longest frame without a payload. */
    public static final int MAX_CONTROL_FRAME_BYTES =
            WELCOME_TEXTS_OFFSET + 3 * MAX_SEGMENT_NAME_BYTES + MAX_HELLO_BYTES;

    /** Header of a frame with a payload, or a whole frame without one, at most; from a caller after its handshake. */
    static final int MAX_REQUEST_HEADER_BYTES = 72;

    private FrameDescriptor() {}

    /** Bytes of the frame that its header CRC covers: all, without the payload that follows a SLICE or DATA. */
    static int coveredBytes(int type, int frameLength) {
        return switch (type) {
            case Frame.SLICE -> SLICE_PAYLOAD_OFFSET;
            case Frame.DATA -> DATA_PAYLOAD_OFFSET;
            default -> frameLength;
        };
    }

    /** The header CRC of a frame that lies in {@code frame} from 0 to {@code coveredBytes}, payload excluded. */
    static int headerCrc(ByteBuffer frame, int coveredBytes) {
        CRC32C crc = new CRC32C();
        crc.update(frame.duplicate().position(0).limit(HEADER_CRC_OFFSET));
        crc.update(frame.duplicate().limit(coveredBytes).position(HEADER_BYTES));
        return (int) crc.getValue();
    }
}
