package io.yuebing.transfer;

import static io.yuebing.transfer.FrameDescriptor.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/** Turns {@link Frame}s into the bytes of {@link FrameDescriptor}, or back. */
final class FrameCodec {
    private FrameCodec() {}

    /** The bytes of a frame, payload included. */
    static ByteBuffer encode(Frame frame) {
        return switch (frame) {
            case Frame.Hello f -> {
                byte[] name = f.segment().getBytes(StandardCharsets.UTF_8);
                ByteBuffer out = begin(f.type(), HELLO_TEXTS_OFFSET + name.length + f.hello().length)
                        .putShort(HELLO_NAME_LENGTH_OFFSET, (short) name.length)
                        .putInt(HELLO_LENGTH_OFFSET, f.hello().length)
                        .put(HELLO_TEXTS_OFFSET, name)
                        .put(HELLO_TEXTS_OFFSET + name.length, f.hello());
                yield seal(out);
            }
            case Frame.Welcome f ->
                seal(begin(f.type(), WELCOME_HELLO_OFFSET + f.hello().length)
                        .putLong(WELCOME_WINDOW_OFFSET, f.windowBytes())
                        .putLong(WELCOME_SEGMENT_BYTES_OFFSET, f.segmentBytes())
                        .putInt(WELCOME_MAX_SLICE_OFFSET, f.maxSliceBytes())
                        .putInt(WELCOME_HELLO_LENGTH_OFFSET, f.hello().length)
                        .put(WELCOME_HELLO_OFFSET, f.hello()));
            case Frame.Refuse f -> {
                byte[] sentence = sentence(f.sentence());
                yield seal(begin(f.type(), REFUSE_SENTENCE_OFFSET + sentence.length)
                        .putInt(REFUSE_SENTENCE_LENGTH_OFFSET, sentence.length)
                        .put(REFUSE_SENTENCE_OFFSET, sentence));
            }
            case Frame.Slice f -> {
                int payload = f.payload().remaining();
                ByteBuffer out = begin(f.type(), SLICE_PAYLOAD_OFFSET + payload);
                out.put(SLICE_PAYLOAD_OFFSET, f.payload(), f.payload().position(), payload);
                putSliceHeader(
                        out.slice(0, SLICE_PAYLOAD_OFFSET).order(ByteOrder.LITTLE_ENDIAN),
                        f.sequence(),
                        new IncomingSlice(f.ticket(), f.generation(), f.offset(), payload),
                        f.payloadCrc());
                yield out;
            }
            case Frame.Ack f -> seal(begin(f.type(), ACK_BYTES).putLong(SEQUENCE_OFFSET, f.sequence()));
            case Frame.Nack f -> {
                byte[] sentence = sentence(f.sentence());
                yield seal(begin(f.type(), NACK_SENTENCE_OFFSET + sentence.length)
                        .putLong(SEQUENCE_OFFSET, f.sequence())
                        .putShort(NACK_CODE_OFFSET, (short) f.code())
                        .putInt(NACK_SENTENCE_LENGTH_OFFSET, sentence.length)
                        .put(NACK_SENTENCE_OFFSET, sentence));
            }
            case Frame.Drop f ->
                seal(begin(f.type(), DROP_BYTES)
                        .putLong(SEQUENCE_OFFSET, f.sequence())
                        .putLong(TICKET_OFFSET, f.ticket().getMostSignificantBits())
                        .putLong(TICKET_OFFSET + 8, f.ticket().getLeastSignificantBits())
                        .putLong(GENERATION_OFFSET, f.generation()));
        };
    }

    /**
     * Writes the header of a SLICE whose payload is sent from elsewhere.
     *
     * @param header little-endian, {@link FrameDescriptor#SLICE_PAYLOAD_OFFSET} bytes from index 0
     */
    static void putSliceHeader(ByteBuffer header, long sequence, IncomingSlice slice, int payloadCrc) {
        putHeader(header, Frame.SLICE, SLICE_PAYLOAD_OFFSET + slice.length());
        header.putLong(SEQUENCE_OFFSET, sequence)
                .putLong(TICKET_OFFSET, slice.ticket().getMostSignificantBits())
                .putLong(TICKET_OFFSET + 8, slice.ticket().getLeastSignificantBits())
                .putLong(GENERATION_OFFSET, slice.generation())
                .putLong(SLICE_OFFSET_OFFSET, slice.offset())
                .putInt(SLICE_PAYLOAD_LENGTH_OFFSET, slice.length())
                .putInt(SLICE_PAYLOAD_CRC_OFFSET, payloadCrc);
        header.putInt(HEADER_CRC_OFFSET, headerCrc(header, SLICE_PAYLOAD_OFFSET));
    }

    /**
     * Length of the frame at the buffer's position.
     *
     * @param received little-endian, readable from position to limit
     * @param maxFrameBytes the longest frame that may come here
     * @return 0 if its header is not complete yet; the header of a SLICE is verified before its payload is awaited, for a
     *     damaged length could be awaited for ever
     * @throws ProtocolException if no frame of this protocol begins here
     */
    static int frameLength(ByteBuffer received, int maxFrameBytes) throws ProtocolException {
        if (received.remaining() < HEADER_BYTES) {
            return 0;
        }
        int at = received.position();
        int magic = received.getInt(at + MAGIC_OFFSET);
        if (magic != MAGIC) {
            throw new ProtocolException(
                    "bytes that are no transfer frame: expected magic 0x%08x, found 0x%08x".formatted(MAGIC, magic));
        }
        int version = received.get(at + VERSION_OFFSET);
        if (version != VERSION) {
            throw new ProtocolException("transfer protocol version " + version + ", this side speaks version " + VERSION
                    + "; run the same release on both");
        }
        int length = received.getInt(at + FRAME_LENGTH_OFFSET);
        if (length < HEADER_BYTES || length > maxFrameBytes) {
            throw new ProtocolException("a frame of " + Integer.toUnsignedString(length) + " bytes, expected "
                    + HEADER_BYTES + " to " + maxFrameBytes);
        }
        if (received.get(at + TYPE_OFFSET) == Frame.SLICE) {
            if (received.remaining() < SLICE_PAYLOAD_OFFSET) {
                return 0;
            }
            verifyHeader(received.slice(at, SLICE_PAYLOAD_OFFSET).order(ByteOrder.LITTLE_ENDIAN));
        }
        return length;
    }

    /**
     * @param covered the frame, of a SLICE without its payload
     */
    private static void verifyHeader(ByteBuffer covered) throws ProtocolException {
        int expected = headerCrc(covered, covered.limit());
        int found = covered.getInt(HEADER_CRC_OFFSET);
        if (expected != found) {
            throw new ProtocolException(
                    "a damaged frame header: CRC32C expected 0x%08x, found 0x%08x".formatted(expected, found));
        }
    }

    /**
     * Decodes one complete frame.
     *
     * @param frame little-endian, the frame from index 0 to the limit, accepted by {@link #frameLength}
     */
    static Frame decode(ByteBuffer frame) throws ProtocolException {
        int type = frame.get(TYPE_OFFSET);
        if (type == Frame.SLICE) {
            expectAtLeast(frame, SLICE_PAYLOAD_OFFSET);
        } else {
            verifyHeader(frame);
        }
        return switch (type) {
            case Frame.HELLO -> hello(frame);
            case Frame.WELCOME -> welcome(frame);
            case Frame.REFUSE ->
                new Frame.Refuse(lastText(frame, REFUSE_SENTENCE_LENGTH_OFFSET, REFUSE_SENTENCE_OFFSET));
            case Frame.SLICE -> slice(frame);
            case Frame.ACK -> {
                expectLength(frame, ACK_BYTES, 0);
                yield new Frame.Ack(frame.getLong(SEQUENCE_OFFSET));
            }
            case Frame.NACK -> {
                String sentence = lastText(frame, NACK_SENTENCE_LENGTH_OFFSET, NACK_SENTENCE_OFFSET);
                yield new Frame.Nack(
                        frame.getLong(SEQUENCE_OFFSET),
                        Short.toUnsignedInt(frame.getShort(NACK_CODE_OFFSET)),
                        sentence);
            }
            case Frame.DROP -> {
                expectLength(frame, DROP_BYTES, 0);
                yield new Frame.Drop(frame.getLong(SEQUENCE_OFFSET), ticket(frame), frame.getLong(GENERATION_OFFSET));
            }
            default -> throw new ProtocolException("a frame of unknown type " + type);
        };
    }

    private static Frame hello(ByteBuffer frame) throws ProtocolException {
        expectAtLeast(frame, HELLO_TEXTS_OFFSET);
        int name = Short.toUnsignedInt(frame.getShort(HELLO_NAME_LENGTH_OFFSET));
        int hello = frame.getInt(HELLO_LENGTH_OFFSET);
        expectLength(frame, HELLO_TEXTS_OFFSET + name, hello);
        return new Frame.Hello(
                new String(bytes(frame, HELLO_TEXTS_OFFSET, name), StandardCharsets.UTF_8),
                bytes(frame, HELLO_TEXTS_OFFSET + name, hello));
    }

    private static Frame welcome(ByteBuffer frame) throws ProtocolException {
        expectAtLeast(frame, WELCOME_HELLO_OFFSET);
        int hello = frame.getInt(WELCOME_HELLO_LENGTH_OFFSET);
        expectLength(frame, WELCOME_HELLO_OFFSET, hello);
        return new Frame.Welcome(
                frame.getLong(WELCOME_WINDOW_OFFSET),
                frame.getLong(WELCOME_SEGMENT_BYTES_OFFSET),
                frame.getInt(WELCOME_MAX_SLICE_OFFSET),
                bytes(frame, WELCOME_HELLO_OFFSET, hello));
    }

    private static Frame slice(ByteBuffer frame) throws ProtocolException {
        int payload = frame.getInt(SLICE_PAYLOAD_LENGTH_OFFSET);
        expectLength(frame, SLICE_PAYLOAD_OFFSET, payload);
        if (payload == 0) {
            throw new ProtocolException("a SLICE frame without a payload");
        }
        return new Frame.Slice(
                frame.getLong(SEQUENCE_OFFSET),
                ticket(frame),
                frame.getLong(GENERATION_OFFSET),
                frame.getLong(SLICE_OFFSET_OFFSET),
                frame.getInt(SLICE_PAYLOAD_CRC_OFFSET),
                frame.slice(SLICE_PAYLOAD_OFFSET, payload));
    }

    private static UUID ticket(ByteBuffer frame) {
        return new UUID(frame.getLong(TICKET_OFFSET), frame.getLong(TICKET_OFFSET + 8));
    }

    private static String lastText(ByteBuffer frame, int lengthOffset, int textOffset) throws ProtocolException {
        expectAtLeast(frame, textOffset);
        int length = frame.getInt(lengthOffset);
        expectLength(frame, textOffset, length);
        return new String(bytes(frame, textOffset, length), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(ByteBuffer frame, int offset, int length) {
        byte[] bytes = new byte[length];
        frame.get(offset, bytes);
        return bytes;
    }

    private static void expectAtLeast(ByteBuffer frame, int bytes) throws ProtocolException {
        if (frame.limit() < bytes) {
            throw new ProtocolException("a frame of type " + frame.get(TYPE_OFFSET) + " with " + frame.limit()
                    + " bytes, expected " + bytes + " or more");
        }
    }

    private static void expectLength(ByteBuffer frame, int fixed, int declared) throws ProtocolException {
        if (declared < 0 || frame.limit() != (long) fixed + declared) {
            throw new ProtocolException("a frame of type " + frame.get(TYPE_OFFSET) + " with " + frame.limit()
                    + " bytes whose fields need " + fixed + " + " + declared);
        }
    }

    private static ByteBuffer begin(int type, int length) {
        ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        putHeader(out, type, length);
        return out;
    }

    private static void putHeader(ByteBuffer out, int type, int length) {
        out.putInt(MAGIC_OFFSET, MAGIC)
                .put(VERSION_OFFSET, VERSION)
                .put(TYPE_OFFSET, (byte) type)
                .putShort(TYPE_OFFSET + 1, (short) 0)
                .putInt(FRAME_LENGTH_OFFSET, length);
    }

    private static ByteBuffer seal(ByteBuffer out) {
        return out.putInt(HEADER_CRC_OFFSET, headerCrc(out, out.limit()));
    }

    /** Cut to {@link FrameDescriptor#MAX_SENTENCE_BYTES}; a cut character at the end becomes a replacement mark. */
    private static byte[] sentence(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= MAX_SENTENCE_BYTES ? bytes : Arrays.copyOf(bytes, MAX_SENTENCE_BYTES);
    }
}
