package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
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
            new Frame.Hello(
                    "kv",
                    count(32),
                    Frame.RingWish.IF_POSSIBLE,
                    Checksum.CRC32C,
                    null,
                    "{}".getBytes(StandardCharsets.UTF_8)),
            new Frame.Welcome(
                    0x1000000, 0x20000000, 0x8000, null, false, null, 0, "kv", "ok".getBytes(StandardCharsets.UTF_8)),
            new Frame.Welcome(
                    0x1000000,
                    0x20000000,
                    0x8000,
                    new Frame.MemoryOffer("ring-1", 0x201000, TICKET),
                    true,
                    new Frame.MemoryOffer("memory-22", 0x401000, TICKET),
                    0x1000,
                    "kv",
                    new byte[0]),
            new Frame.Hello(
                    "kv",
                    count(32),
                    Frame.RingWish.ALWAYS,
                    Checksum.NONE,
                    new Frame.MemoryOffer("memory-1", 0x301000, TICKET),
                    "{}".getBytes(StandardCharsets.UTF_8)),
            new Frame.Refuse("no"),
            slice(5, "123456789"),
            new Frame.Ack(0x1122334455L),
            new Frame.Nack(6, 4, "bad"),
            new Frame.Drop(7, TICKET, 9),
            new Frame.Challenge(count(32), count(32)),
            new Frame.Proof(count(32)),
            new Frame.Ring(true),
            new Frame.RingSlice(8, TICKET, 3, 0x40000, 9, 0xe3069283, 0x80),
            new Frame.MappedSlice(8, TICKET, 3, 0x40000, 9, 0xe3069283, 0x80),
            new Frame.Read(9, TICKET, 3, 0x40000, 9, Frame.INLINE),
            new Frame.Data(9, 0xe3069283, 9, ByteBuffer.wrap("123456789".getBytes(StandardCharsets.UTF_8))),
            new Frame.Data(9, 0xe3069283, 9, ByteBuffer.allocate(0)),
            new Frame.Notice(10, "done".getBytes(StandardCharsets.UTF_8)));

    private static byte[] count(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    private static Frame.Slice slice(long sequence, String payload) {
        ByteBuffer bytes = ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8));
        return new Frame.Slice(sequence, TICKET, 3, 0x40000, Checksum.CRC32C.of(MemorySegment.ofBuffer(bytes)), bytes);
    }

    @Test
    void framesAreTheseBytes() {
        // computed by a Python script from the drawing, with a bitwise CRC-32C
        assertThat(ONE_OF_EACH.stream().map(FrameCodecTest::hex))
                .containsExactly(
                        "59425846030100005c000000cb763efe"
                                + "0200010002000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
                                + "00000000000000000000000000000000000000000000000000000000000000006b767b7d",
                        "59425846030200006c000000c0e80615"
                                + "00000001000000000000002000000000008000000200000000000000000000000000000000000000"
                                + "00000000000000000200000000000000000000000000000000000000000000000000000000000000"
                                + "00000000000000006b766f6b",
                        "5942584603020000790000004c66b207"
                                + "0000000100000000000000200000000000800000000000000010200000000000efcdab8967452301"
                                + "1032547698badcfe02000600090001000010400000000000efcdab89674523011032547698badcfe"
                                + "00100000000000006b7672696e672d316d656d6f72792d3232",
                        "594258460301000064000000823bc9c8"
                                + "0200020102000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
                                + "0010300000000000efcdab89674523011032547698badcfe08000000000000006b766d656d6f7279"
                                + "2d317b7d",
                        "5942584603030000160000007b73c39a" + "020000006e6f",
                        "59425846030400004900000071004ffe"
                                + "0500000000000000efcdab89674523011032547698badcfe03000000000000000000040000000000"
                                + "09000000839206e3313233343536373839",
                        "5942584603050000180000003b201a49" + "5544332211000000",
                        "5942584603060000230000000a8f190e" + "06000000000000000400000003000000626164",
                        "5942584603070000300000008b8b40c2"
                                + "0700000000000000efcdab89674523011032547698badcfe0900000000000000",
                        "594258460308000050000000c2409037"
                                + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0001020304050607"
                                + "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                        "594258460309000030000000daad9d73"
                                + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                        "59425846030a00001800000075c8ce06" + "0100000000000000",
                        "59425846030b00004800000001aab5ce"
                                + "0800000000000000efcdab89674523011032547698badcfe03000000000000000000040000000000"
                                + "09000000839206e38000000000000000",
                        "59425846030f000048000000f7cef7d6"
                                + "0800000000000000efcdab89674523011032547698badcfe03000000000000000000040000000000"
                                + "09000000839206e38000000000000000",
                        "59425846030c000048000000ad91150f"
                                + "0900000000000000efcdab89674523011032547698badcfe03000000000000000000040000000000"
                                + "0900000000000000ffffffffffffffff",
                        "59425846030d0000290000008e1b945f" + "0900000000000000839206e309000000313233343536373839",
                        "59425846030d0000200000002a2724d7" + "0900000000000000839206e309000000",
                        "59425846030e00002000000084e68228" + "0a0000000000000004000000646f6e65");
    }

    @Test
    void checksumIsCrc32cCastagnoli() {
        // the check value of RFC 3720, appendix B.4, and of every CRC catalogue
        ByteBuffer digits = ByteBuffer.wrap("123456789".getBytes(StandardCharsets.UTF_8));
        assertThat(Checksum.CRC32C.of(MemorySegment.ofBuffer(digits))).isEqualTo(0xe3069283);
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
            int covered = FrameDescriptor.coveredBytes(
                    frame.type(), FrameCodec.encode(frame).limit());
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
                        .put((byte) random.nextInt(16))
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
                int covered = Math.min(length, FrameDescriptor.coveredBytes(frame.type(), length));
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
                .hasMessage("transfer protocol version 9, this side speaks version 3; run the same release on both");
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
