package io.yuebing.transfer;

import static io.yuebing.transfer.FrameDescriptor.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Turns {@link Frame}s into the bytes of {@link FrameDescriptor}, or back. */
final class FrameCodec {
    private FrameCodec() {}

    /** The bytes of a frame, payload included. */
    static ByteBuffer encode(Frame frame) {
        return switch (frame) {
            case Frame.Hello f -> hello(f);
            case Frame.Welcome f -> welcome(f);
            case Frame.Challenge f ->
                seal(begin(f.type(), CHALLENGE_BYTES)
                        .put(CHALLENGE_NONCE_OFFSET, f.nonce())
                        .put(CHALLENGE_PROOF_OFFSET, f.proof()));
            case Frame.Proof f -> seal(begin(f.type(), PROOF_FRAME_BYTES).put(PROOF_OFFSET, f.proof()));
            case Frame.Ring f ->
                seal(begin(f.type(), RING_FRAME_BYTES).put(RING_TAKEN_OFFSET, (byte) (f.taken() ? 1 : 0)));
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
                putSlice(
                        out,
                        f.sequence(),
                        new IncomingSlice(f.ticket(), f.generation(), f.offset(), payload),
                        f.payloadCrc());
                yield out;
            }
            case Frame.RingSlice f -> {
                ByteBuffer out = begin(f.type(), RING_SLICE_BYTES);
                putRingSlice(
                        out,
                        f.sequence(),
                        new IncomingSlice(f.ticket(), f.generation(), f.offset(), f.length()),
                        f.payloadCrc(),
                        f.ringOffset());
                yield out;
            }
            case Frame.MappedSlice f -> {
                ByteBuffer out = begin(f.type(), RING_SLICE_BYTES);
                putMappedSlice(
                        out,
                        f.sequence(),
                        new IncomingSlice(f.ticket(), f.generation(), f.offset(), f.length()),
                        f.payloadCrc(),
                        f.memoryOffset());
                yield out;
            }
            case Frame.Read f -> {
                ByteBuffer out = begin(f.type(), READ_BYTES);
                putRead(
                        out,
                        f.sequence(),
                        new IncomingSlice(f.ticket(), f.generation(), f.offset(), f.length()),
                        f.ringOffset());
                yield out;
            }
            case Frame.Data f -> {
                int payload = f.payload().remaining();
                ByteBuffer out = begin(f.type(), DATA_PAYLOAD_OFFSET + payload);
                out.put(DATA_PAYLOAD_OFFSET, f.payload(), f.payload().position(), payload);
                putData(out, f.sequence(), f.payloadCrc(), f.length(), payload);
                yield out;
            }
            case Frame.Notice f ->
                seal(begin(f.type(), NOTICE_MESSAGE_OFFSET + f.message().length)
                        .putLong(SEQUENCE_OFFSET, f.sequence())
                        .putInt(NOTICE_LENGTH_OFFSET, f.message().length)
                        .put(NOTICE_MESSAGE_OFFSET, f.message()));
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

    private static ByteBuffer hello(Frame.Hello f) {
        Frame.MemoryOffer memory = f.memory();
        byte[] name = f.segment().getBytes(StandardCharsets.UTF_8);
        byte[] memoryName = name(memory);
        int hello = HELLO_TEXTS_OFFSET + name.length + memoryName.length;
        ByteBuffer out = begin(f.type(), hello + f.hello().length)
                .putShort(HELLO_NAME_LENGTH_OFFSET, (short) name.length)
                .put(HELLO_RING_OFFSET, (byte) f.ring().ordinal())
                .put(HELLO_CHECKSUM_OFFSET, (byte) f.checksum().ordinal())
                .putInt(HELLO_LENGTH_OFFSET, f.hello().length)
                .put(HELLO_NONCE_OFFSET, f.nonce())
                .putShort(HELLO_MEMORY_NAME_LENGTH_OFFSET, (short) memoryName.length)
                .put(HELLO_TEXTS_OFFSET, name)
                .put(HELLO_TEXTS_OFFSET + name.length, memoryName)
                .put(hello, f.hello());
        putOffer(out, memory, HELLO_MEMORY_BYTES_OFFSET, HELLO_MEMORY_TOKEN_OFFSET);
        return seal(out);
    }

    private static ByteBuffer welcome(Frame.Welcome f) {
        byte[] name = f.segment().getBytes(StandardCharsets.UTF_8);
        byte[] ringName = name(f.ring());
        byte[] memoryName = name(f.memory());
        int memory = WELCOME_TEXTS_OFFSET + name.length + ringName.length;
        int hello = memory + memoryName.length;
        ByteBuffer out = begin(f.type(), hello + f.hello().length)
                .putLong(WELCOME_WINDOW_OFFSET, f.windowBytes())
                .putLong(WELCOME_SEGMENT_BYTES_OFFSET, f.segmentBytes())
                .putInt(WELCOME_MAX_SLICE_OFFSET, f.maxSliceBytes())
                .putInt(WELCOME_HELLO_LENGTH_OFFSET, f.hello().length)
                .putShort(WELCOME_NAME_LENGTH_OFFSET, (short) name.length)
                .putShort(WELCOME_RING_NAME_LENGTH_OFFSET, (short) ringName.length)
                .putShort(WELCOME_MEMORY_NAME_LENGTH_OFFSET, (short) memoryName.length)
                .put(WELCOME_MAPPED_OFFSET, (byte) (f.mapped() ? 1 : 0))
                .putLong(WELCOME_MEMORY_OFFSET_OFFSET, f.memoryOffset())
                .put(WELCOME_TEXTS_OFFSET, name)
                .put(WELCOME_TEXTS_OFFSET + name.length, ringName)
                .put(memory, memoryName)
                .put(hello, f.hello());
        putOffer(out, f.ring(), WELCOME_RING_BYTES_OFFSET, WELCOME_RING_TOKEN_OFFSET);
        putOffer(out, f.memory(), WELCOME_MEMORY_BYTES_OFFSET, WELCOME_MEMORY_TOKEN_OFFSET);
        return seal(out);
    }

    private static byte[] name(Frame.@Nullable MemoryOffer offer) {
        return offer == null ? new byte[0] : offer.name().getBytes(StandardCharsets.UTF_8);
    }

    private static void putOffer(ByteBuffer out, Frame.@Nullable MemoryOffer offer, int bytes, int token) {
        if (offer != null) {
            out.putLong(bytes, offer.bytes());
            putUuid(out, token, offer.token());
        }
    }

    /** Writes the header of a SLICE whose payload is sent from elsewhere to index 0 of {@code header}. */
    static void putSlice(ByteBuffer header, long sequence, IncomingSlice slice, int payloadCrc) {
        putHeader(header, Frame.SLICE, SLICE_PAYLOAD_OFFSET + slice.length());
        putAccess(header, sequence, slice, payloadCrc);
        seal(header, SLICE_PAYLOAD_OFFSET);
    }

    /** Writes a RING_SLICE to index 0 of {@code frame}. */
    static void putRingSlice(ByteBuffer frame, long sequence, IncomingSlice slice, int payloadCrc, long ringOffset) {
        putSliceElsewhere(frame, Frame.RING_SLICE, sequence, slice, payloadCrc, ringOffset);
    }

    /** Writes a MAPPED_SLICE to index 0 of {@code frame}. */
    static void putMappedSlice(
            ByteBuffer frame, long sequence, IncomingSlice slice, int payloadCrc, long memoryOffset) {
        putSliceElsewhere(frame, Frame.MAPPED_SLICE, sequence, slice, payloadCrc, memoryOffset);
    }

    private static void putSliceElsewhere(
            ByteBuffer frame, int type, long sequence, IncomingSlice slice, int payloadCrc, long place) {
        putHeader(frame, type, RING_SLICE_BYTES);
        putAccess(frame, sequence, slice, payloadCrc);
        frame.putLong(RING_OFFSET_OFFSET, place);
        seal(frame, RING_SLICE_BYTES);
    }

    /** Writes a READ to index 0 of {@code frame}. */
    static void putRead(ByteBuffer frame, long sequence, IncomingSlice slice, long ringOffset) {
        putHeader(frame, Frame.READ, READ_BYTES);
        putAccess(frame, sequence, slice, 0);
        frame.putLong(RING_OFFSET_OFFSET, ringOffset);
        seal(frame, READ_BYTES);
    }

    /** Writes the header of a DATA to index 0 of {@code header}; {@code inline} payload bytes follow it from elsewhere. */
    static void putData(ByteBuffer header, long sequence, int payloadCrc, int length, int inline) {
        putHeader(header, Frame.DATA, DATA_PAYLOAD_OFFSET + inline);
        header.putLong(SEQUENCE_OFFSET, sequence)
                .putInt(DATA_CRC_OFFSET, payloadCrc)
                .putInt(DATA_LENGTH_OFFSET, length);
        seal(header, DATA_PAYLOAD_OFFSET);
    }

    private static void putAccess(ByteBuffer out, long sequence, IncomingSlice slice, int payloadCrc) {
        out.putLong(SEQUENCE_OFFSET, sequence);
        putUuid(out, TICKET_OFFSET, slice.ticket());
        out.putLong(GENERATION_OFFSET, slice.generation())
                .putLong(SLICE_OFFSET_OFFSET, slice.offset())
                .putInt(SLICE_PAYLOAD_LENGTH_OFFSET, slice.length())
                .putInt(SLICE_PAYLOAD_CRC_OFFSET, payloadCrc);
    }

    private static void putUuid(ByteBuffer out, int offset, UUID id) {
        out.putLong(offset, id.getMostSignificantBits()).putLong(offset + 8, id.getLeastSignificantBits());
    }

    /**
     * Length of the frame at the buffer's position.
     *
     * @param received little-endian, readable from position to limit
     * @param maxFrameBytes the longest frame that may come here
     * @return 0 if its header is not complete yet; a header is verified before the payload after it is awaited, for a
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
        int covered = coveredBytes(received.get(at + TYPE_OFFSET), length);
        if (covered < length) {
            if (received.remaining() < covered) {
                return 0;
            }
            verifyHeader(received.slice(at, covered).order(ByteOrder.LITTLE_ENDIAN));
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
        int covered = coveredBytes(type, frame.limit());
        expectAtLeast(frame, covered);
        if (covered == frame.limit()) {
            // with a payload behind it, the header was verified when the length was read
            verifyHeader(frame);
        }
        return switch (type) {
            case Frame.HELLO -> hello(frame);
            case Frame.WELCOME -> welcome(frame);
            case Frame.REFUSE ->
                new Frame.Refuse(lastText(frame, REFUSE_SENTENCE_LENGTH_OFFSET, REFUSE_SENTENCE_OFFSET));
            case Frame.SLICE -> slice(frame);
            case Frame.CHALLENGE -> {
                expectLength(frame, CHALLENGE_BYTES, 0);
                yield new Frame.Challenge(
                        bytes(frame, CHALLENGE_NONCE_OFFSET, NONCE_BYTES),
                        bytes(frame, CHALLENGE_PROOF_OFFSET, PROOF_BYTES));
            }
            case Frame.PROOF -> {
                expectLength(frame, PROOF_FRAME_BYTES, 0);
                yield new Frame.Proof(bytes(frame, PROOF_OFFSET, PROOF_BYTES));
            }
            case Frame.RING -> {
                expectLength(frame, RING_FRAME_BYTES, 0);
                yield new Frame.Ring(frame.get(RING_TAKEN_OFFSET) != 0);
            }
            case Frame.RING_SLICE -> {
                expectLength(frame, RING_SLICE_BYTES, 0);
                yield new Frame.RingSlice(
                        frame.getLong(SEQUENCE_OFFSET),
                        uuid(frame, TICKET_OFFSET),
                        frame.getLong(GENERATION_OFFSET),
                        frame.getLong(SLICE_OFFSET_OFFSET),
                        frame.getInt(SLICE_PAYLOAD_LENGTH_OFFSET),
                        frame.getInt(SLICE_PAYLOAD_CRC_OFFSET),
                        frame.getLong(RING_OFFSET_OFFSET));
            }
            case Frame.MAPPED_SLICE -> {
                expectLength(frame, RING_SLICE_BYTES, 0);
                yield new Frame.MappedSlice(
                        frame.getLong(SEQUENCE_OFFSET),
                        uuid(frame, TICKET_OFFSET),
                        frame.getLong(GENERATION_OFFSET),
                        frame.getLong(SLICE_OFFSET_OFFSET),
                        frame.getInt(SLICE_PAYLOAD_LENGTH_OFFSET),
                        frame.getInt(SLICE_PAYLOAD_CRC_OFFSET),
                        frame.getLong(RING_OFFSET_OFFSET));
            }
            case Frame.READ -> {
                expectLength(frame, READ_BYTES, 0);
                yield new Frame.Read(
                        frame.getLong(SEQUENCE_OFFSET),
                        uuid(frame, TICKET_OFFSET),
                        frame.getLong(GENERATION_OFFSET),
                        frame.getLong(SLICE_OFFSET_OFFSET),
                        frame.getInt(SLICE_PAYLOAD_LENGTH_OFFSET),
                        frame.getLong(RING_OFFSET_OFFSET));
            }
            case Frame.DATA -> data(frame);
            case Frame.NOTICE -> {
                expectAtLeast(frame, NOTICE_MESSAGE_OFFSET);
                int length = frame.getInt(NOTICE_LENGTH_OFFSET);
                expectLength(frame, NOTICE_MESSAGE_OFFSET, length);
                yield new Frame.Notice(frame.getLong(SEQUENCE_OFFSET), bytes(frame, NOTICE_MESSAGE_OFFSET, length));
            }
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
                yield new Frame.Drop(
                        frame.getLong(SEQUENCE_OFFSET), uuid(frame, TICKET_OFFSET), frame.getLong(GENERATION_OFFSET));
            }
            default -> throw new ProtocolException("a frame of unknown type " + type);
        };
    }

    private static Frame hello(ByteBuffer frame) throws ProtocolException {
        expectAtLeast(frame, HELLO_TEXTS_OFFSET);
        int name = Short.toUnsignedInt(frame.getShort(HELLO_NAME_LENGTH_OFFSET));
        int memoryName = Short.toUnsignedInt(frame.getShort(HELLO_MEMORY_NAME_LENGTH_OFFSET));
        int hello = frame.getInt(HELLO_LENGTH_OFFSET);
        int texts = HELLO_TEXTS_OFFSET + name + memoryName;
        expectLength(frame, texts, hello);
        int ring = frame.get(HELLO_RING_OFFSET);
        if (ring < 0 || ring >= Frame.RingWish.values().length) {
            throw new ProtocolException("a HELLO with ring wish " + ring);
        }
        int checksum = frame.get(HELLO_CHECKSUM_OFFSET);
        if (checksum < 0 || checksum >= Checksum.values().length) {
            throw new ProtocolException("a HELLO with checksum " + checksum);
        }
        return new Frame.Hello(
                text(frame, HELLO_TEXTS_OFFSET, name),
                bytes(frame, HELLO_NONCE_OFFSET, NONCE_BYTES),
                Frame.RingWish.values()[ring],
                Checksum.values()[checksum],
                offer(
                        frame,
                        HELLO_MEMORY_BYTES_OFFSET,
                        HELLO_MEMORY_TOKEN_OFFSET,
                        text(frame, HELLO_TEXTS_OFFSET + name, memoryName)),
                bytes(frame, texts, hello));
    }

    private static Frame welcome(ByteBuffer frame) throws ProtocolException {
        expectAtLeast(frame, WELCOME_TEXTS_OFFSET);
        int name = Short.toUnsignedInt(frame.getShort(WELCOME_NAME_LENGTH_OFFSET));
        int ringName = Short.toUnsignedInt(frame.getShort(WELCOME_RING_NAME_LENGTH_OFFSET));
        int hello = frame.getInt(WELCOME_HELLO_LENGTH_OFFSET);
        int memoryName = Short.toUnsignedInt(frame.getShort(WELCOME_MEMORY_NAME_LENGTH_OFFSET));
        int memory = WELCOME_TEXTS_OFFSET + name + ringName;
        expectLength(frame, memory + memoryName, hello);
        return new Frame.Welcome(
                frame.getLong(WELCOME_WINDOW_OFFSET),
                frame.getLong(WELCOME_SEGMENT_BYTES_OFFSET),
                frame.getInt(WELCOME_MAX_SLICE_OFFSET),
                offer(
                        frame,
                        WELCOME_RING_BYTES_OFFSET,
                        WELCOME_RING_TOKEN_OFFSET,
                        text(frame, WELCOME_TEXTS_OFFSET + name, ringName)),
                frame.get(WELCOME_MAPPED_OFFSET) != 0,
                offer(frame, WELCOME_MEMORY_BYTES_OFFSET, WELCOME_MEMORY_TOKEN_OFFSET, text(frame, memory, memoryName)),
                frame.getLong(WELCOME_MEMORY_OFFSET_OFFSET),
                text(frame, WELCOME_TEXTS_OFFSET, name),
                bytes(frame, memory + memoryName, hello));
    }

    private static Frame.@Nullable MemoryOffer offer(ByteBuffer frame, int bytesOffset, int tokenOffset, String name) {
        long bytes = frame.getLong(bytesOffset);
        return bytes == 0 ? null : new Frame.MemoryOffer(name, bytes, uuid(frame, tokenOffset));
    }

    private static Frame data(ByteBuffer frame) throws ProtocolException {
        expectAtLeast(frame, DATA_PAYLOAD_OFFSET);
        int inline = frame.limit() - DATA_PAYLOAD_OFFSET;
        int length = frame.getInt(DATA_LENGTH_OFFSET);
        if (length < 1 || inline != 0 && inline != length) {
            throw new ProtocolException("a DATA frame of " + length + " bytes with a payload of " + inline);
        }
        return new Frame.Data(
                frame.getLong(SEQUENCE_OFFSET),
                frame.getInt(DATA_CRC_OFFSET),
                length,
                frame.slice(DATA_PAYLOAD_OFFSET, inline));
    }

    private static Frame slice(ByteBuffer frame) throws ProtocolException {
        int payload = frame.getInt(SLICE_PAYLOAD_LENGTH_OFFSET);
        expectLength(frame, SLICE_PAYLOAD_OFFSET, payload);
        if (payload == 0) {
            throw new ProtocolException("a SLICE frame without a payload");
        }
        return new Frame.Slice(
                frame.getLong(SEQUENCE_OFFSET),
                uuid(frame, TICKET_OFFSET),
                frame.getLong(GENERATION_OFFSET),
                frame.getLong(SLICE_OFFSET_OFFSET),
                frame.getInt(SLICE_PAYLOAD_CRC_OFFSET),
                frame.slice(SLICE_PAYLOAD_OFFSET, payload));
    }

    private static UUID uuid(ByteBuffer frame, int offset) {
        return new UUID(frame.getLong(offset), frame.getLong(offset + 8));
    }

    private static String lastText(ByteBuffer frame, int lengthOffset, int textOffset) throws ProtocolException {
        expectAtLeast(frame, textOffset);
        int length = frame.getInt(lengthOffset);
        expectLength(frame, textOffset, length);
        return text(frame, textOffset, length);
    }

    private static String text(ByteBuffer frame, int offset, int length) {
        return new String(bytes(frame, offset, length), StandardCharsets.UTF_8);
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
        return seal(out, out.limit());
    }

    private static ByteBuffer seal(ByteBuffer out, int covered) {
        return out.putInt(HEADER_CRC_OFFSET, headerCrc(out, covered));
    }

    /** Cut to {@link FrameDescriptor#MAX_SENTENCE_BYTES}; a cut character at the end becomes a replacement mark. */
    private static byte[] sentence(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= MAX_SENTENCE_BYTES ? bytes : Arrays.copyOf(bytes, MAX_SENTENCE_BYTES);
    }
}
