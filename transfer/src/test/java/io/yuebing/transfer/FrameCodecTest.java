package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class FrameCodecTest {
    private static final UUID TICKET = UUID.fromString("01234567-89ab-cdef-fedc-ba9876543210");

    private static final List<Frame> ONE_OF_EACH = List.of(
            new Frame.Hello("kv", "{}".getBytes(StandardCharsets.UTF_8)),
            new Frame.Welcome(0x1000000, 0x20000000, 0x8000, "ok".getBytes(StandardCharsets.UTF_8)),
            new Frame.Refuse("no"),
            slice(5, "123456789"),
            new Frame.Ack(0x1122334455L),
            new Frame.Nack(6, 4, "bad"),
            new Frame.Drop(7, TICKET, 9));

    private static Frame.Slice slice(long sequence, String payload) {
        ByteBuffer bytes = ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8));
        return new Frame.Slice(sequence, TICKET, 3, 0x40000, FrameDescriptor.crc32c(bytes), bytes);
    }

    @Test
    void framesAreTheseBytes() {
        // computed by a Python script from the drawing, with a bitwise CRC-32C
        assertThat(ONE_OF_EACH.stream().map(FrameCodecTest::hex))
                .containsExactly(
                        "59425846010100001c000000dcf0d812" + "02000000020000006b767b7d",
                        "59425846010200002a000000d906638c" + "0000000100000000000000200000000000800000020000006f6b",
                        "594258460103000016000000f7d9cd32" + "020000006e6f",
                        "59425846010400004900000070cd36c7"
                                + "0500000000000000efcdab89674523011032547698badcfe0300000000000000"
                                + "000004000000000009000000839206e3313233343536373839",
                        "594258460105000018000000364deea8" + "5544332211000000",
                        "5942584601060000230000004aaa64b2" + "06000000000000000400000003000000626164",
                        "5942584601070000300000002cd72c7c"
                                + "0700000000000000efcdab89674523011032547698badcfe0900000000000000");
    }

    @Test
    void checksumIsCrc32cCastagnoli() {
        // the check value of RFC 3720, appendix B.4, and of every CRC catalogue
        ByteBuffer digits = ByteBuffer.wrap("123456789".getBytes(StandardCharsets.UTF_8));
        assertThat(FrameDescriptor.crc32c(digits)).isEqualTo(0xe3069283);
    }

    @Test
    void decodingGivesBackWhatWasEncoded() throws ProtocolException {
        for (Frame frame : ONE_OF_EACH) {
            Frame decoded = decode(FrameCodec.encode(frame));
            assertThat(hex(decoded)).isEqualTo(hex(frame));
        }
    }

    @Test
    void everySingleFlippedBitOutsideOfAPayloadIsFound() {
        for (Frame frame : ONE_OF_EACH) {
            int covered = frame instanceof Frame.Slice
                    ? FrameDescriptor.SLICE_PAYLOAD_OFFSET
                    : FrameCodec.encode(frame).limit();
            for (int bit = 0; bit < covered * 8; bit++) {
                ByteBuffer bytes = FrameCodec.encode(frame);
                bytes.put(bit / 8, (byte) (bytes.get(bit / 8) ^ 1 << bit % 8));
                assertThatThrownBy(() -> decode(bytes))
                        .as("bit %d of frame type %d", bit, frame.type())
                        .isInstanceOf(ProtocolException.class);
            }
        }
    }

    @Test
    void randomBytesAreNeverAFrame() {
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = new byte[FrameDescriptor.HEADER_BYTES + random.nextInt(200)];
            random.nextBytes(bytes);
            if (random.nextBoolean()) {
                // a believable header over nonsense
                ByteBuffer.wrap(bytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(FrameDescriptor.MAGIC)
                        .put(FrameDescriptor.VERSION)
                        .put((byte) random.nextInt(9))
                        .putShort((short) 0)
                        .putInt(bytes.length);
            }
            assertThatThrownBy(() -> decode(ByteBuffer.wrap(bytes)))
                    .as("seed %d", seed)
                    .isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void lengthsThatAreNotTheirFramesAreRefusedEvenWithARightHeaderCrc() {
        for (Frame frame : ONE_OF_EACH) {
            for (int wrong : new int[] {-16, -3, -1, 1, 7, 100}) {
                ByteBuffer right = FrameCodec.encode(frame);
                int length = Math.max(FrameDescriptor.HEADER_BYTES, right.limit() + wrong);
                ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
                bytes.put(0, right, 0, Math.min(length, right.limit()));
                bytes.putInt(FrameDescriptor.FRAME_LENGTH_OFFSET, length);
                int covered =
                        frame instanceof Frame.Slice ? Math.min(length, FrameDescriptor.SLICE_PAYLOAD_OFFSET) : length;
                bytes.putInt(FrameDescriptor.HEADER_CRC_OFFSET, FrameDescriptor.headerCrc(bytes, covered));
                assertThatThrownBy(() -> decode(bytes))
                        .as("frame type %d, %d bytes more than right", frame.type(), wrong)
                        .isInstanceOf(ProtocolException.class);
            }
        }
    }

    @Test
    void theSentenceOfAWrongVersionNamesBoth() {
        ByteBuffer bytes = FrameCodec.encode(new Frame.Ack(1)).put(FrameDescriptor.VERSION_OFFSET, (byte) 9);
        assertThatThrownBy(() -> decode(bytes))
                .hasMessage("transfer protocol version 9, this side speaks version 1; run the same release on both");
    }

    @Test
    void aLengthBeyondTheLimitIsRefusedBeforeItsBytesAreAwaited() {
        ByteBuffer header = FrameCodec.encode(new Frame.Ack(1))
                .putInt(FrameDescriptor.FRAME_LENGTH_OFFSET, Integer.MAX_VALUE)
                .limit(FrameDescriptor.HEADER_BYTES);
        assertThatThrownBy(() -> FrameCodec.frameLength(header, 1 << 20))
                .hasMessage("a frame of 2147483647 bytes, expected 16 to 1048576");
    }

    @Test
    void aDamagedLengthOfASliceIsFoundBeforeItsPayloadIsAwaited() {
        ByteBuffer header = FrameCodec.encode(slice(5, "123456789"));
        header.putInt(FrameDescriptor.FRAME_LENGTH_OFFSET, header.limit() + 256);
        header.limit(FrameDescriptor.SLICE_PAYLOAD_OFFSET);
        assertThatThrownBy(() -> FrameCodec.frameLength(header, 1 << 20))
                .hasMessageStartingWith("a damaged frame header");
    }

    @Test
    void sentencesAreCutToTheirLimit() throws ProtocolException {
        Frame decoded = decode(FrameCodec.encode(new Frame.Refuse("x".repeat(5000))));
        assertThat(((Frame.Refuse) decoded).sentence()).hasSize(FrameDescriptor.MAX_SENTENCE_BYTES);
    }

    private static Frame decode(ByteBuffer bytes) throws ProtocolException {
        ByteBuffer received = bytes.order(ByteOrder.LITTLE_ENDIAN);
        int length = FrameCodec.frameLength(received, 1 << 20);
        if (length != received.limit()) {
            throw new ProtocolException("length " + length + ", there are " + received.limit());
        }
        return FrameCodec.decode(received);
    }

    private static String hex(Frame frame) {
        return HexFormat.of().formatHex(FrameCodec.encode(frame).array());
    }
}
