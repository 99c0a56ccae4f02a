package io.yuebing.transfer;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Layout of the frames of protocol version 1. Integers are little-endian, texts UTF-8.
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
 * of a SLICE. A wrong one means that the length cannot be trusted, so the connection ends; a wrong payload CRC costs only
 * that slice.
 * <pre>
 * HELLO     16            18     20             24
 *  1        +-------------+------+--------------+--------------+-------------------+
 *  to the   | name length | zero | hello length | segment name | application hello |
 *  receiver +-------------+------+--------------+--------------+-------------------+
 *
 * WELCOME   16             24              32          36             40
 *  2        +--------------+---------------+-----------+--------------+-------------------+
 *  to the   | window bytes | segment bytes | max slice | hello length | application hello |
 *  writer   +--------------+---------------+-----------+--------------+-------------------+
 *
 * REFUSE    16                20
 *  3        +-----------------+----------+
 *  both     | sentence length | sentence |   the connection ends
 *  ways     +-----------------+----------+
 *
 * SLICE     16         24       40           48       56               60            64
 *  4        +----------+--------+------------+--------+----------------+-------------+---------+
 *  to the   | sequence | ticket | generation | offset | payload length | payload CRC | payload |
 *  receiver +----------+--------+------------+--------+----------------+-------------+---------+
 *
 * ACK       16         24
 *  5        +----------+
 *  to the   | sequence |   every SLICE and DROP up to this one is applied, unless a NACK said otherwise
 *  writer   +----------+
 *
 * NACK      16         24     26     28                32
 *  6        +----------+------+------+-----------------+----------+
 *  to the   | sequence | code | zero | sentence length | sentence |   comes before the ACK that covers it
 *  writer   +----------+------+------+-----------------+----------+
 *
 * DROP      16         24       40           48
 *  7        +----------+--------+------------+
 *  to the   | sequence | ticket | generation |   nothing more will come for this ticket
 *  receiver +----------+--------+------------+
 * </pre>
 *
 * Sequences count SLICE and DROP frames of a connection from 1 without gaps. A ticket is a UUID: its most, then its least
 * significant 64 bits. The codes of NACK are those of {@link RefusalCode}.
 */
public final class FrameDescriptor {
    /** The bytes {@code Y B X F}. */
    public static final int MAGIC = 0x46584259;

    public static final byte VERSION = 1;

    public static final int MAGIC_OFFSET = 0;
    public static final int VERSION_OFFSET = 4;
    public static final int TYPE_OFFSET = 5;
    public static final int FRAME_LENGTH_OFFSET = 8;
    public static final int HEADER_CRC_OFFSET = 12;
    public static final int HEADER_BYTES = 16;

    public static final int HELLO_NAME_LENGTH_OFFSET = 16;
    public static final int HELLO_LENGTH_OFFSET = 20;
    public static final int HELLO_TEXTS_OFFSET = 24;

    public static final int WELCOME_WINDOW_OFFSET = 16;
    public static final int WELCOME_SEGMENT_BYTES_OFFSET = 24;
    public static final int WELCOME_MAX_SLICE_OFFSET = 32;
    public static final int WELCOME_HELLO_LENGTH_OFFSET = 36;
    public static final int WELCOME_HELLO_OFFSET = 40;

    public static final int REFUSE_SENTENCE_LENGTH_OFFSET = 16;
    public static final int REFUSE_SENTENCE_OFFSET = 20;

    public static final int SEQUENCE_OFFSET = 16;
    public static final int TICKET_OFFSET = 24;
    public static final int GENERATION_OFFSET = 40;

    public static final int SLICE_OFFSET_OFFSET = 48;
    public static final int SLICE_PAYLOAD_LENGTH_OFFSET = 56;
    public static final int SLICE_PAYLOAD_CRC_OFFSET = 60;
    public static final int SLICE_PAYLOAD_OFFSET = 64;

    public static final int ACK_BYTES = 24;

    public static final int NACK_CODE_OFFSET = 24;
    public static final int NACK_SENTENCE_LENGTH_OFFSET = 28;
    public static final int NACK_SENTENCE_OFFSET = 32;

    public static final int DROP_BYTES = 48;

    public static final int MAX_SEGMENT_NAME_BYTES = 255;
    public static final int MAX_HELLO_BYTES = 64 << 10;
    public static final int MAX_SENTENCE_BYTES = 1 << 10;

    /** The longest frame that is not a SLICE. */
    public static final int MAX_CONTROL_FRAME_BYTES = WELCOME_HELLO_OFFSET + MAX_SEGMENT_NAME_BYTES + MAX_HELLO_BYTES;

    private FrameDescriptor() {}

    /** CRC32C (Castagnoli) of the remaining bytes; the buffer's position stays. */
    public static int crc32c(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }

    /** The header CRC of a frame that lies in {@code frame} from 0 to {@code coveredBytes}, payload excluded. */
    static int headerCrc(ByteBuffer frame, int coveredBytes) {
        CRC32C crc = new CRC32C();
        crc.update(frame.duplicate().position(0).limit(HEADER_CRC_OFFSET));
        crc.update(frame.duplicate().limit(coveredBytes).position(HEADER_BYTES));
        return (int) crc.getValue();
    }
}
