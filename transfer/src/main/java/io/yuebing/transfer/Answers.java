package io.yuebing.transfer;

import static io.yuebing.transfer.FrameDescriptor.DATA_PAYLOAD_OFFSET;
import static io.yuebing.transfer.FrameDescriptor.MAX_SENTENCE_BYTES;
import static io.yuebing.transfer.FrameDescriptor.NACK_SENTENCE_OFFSET;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * What a server connection owes its peer, collected into few gathering writes.
 *
 * <p>Payloads of reads are sent from where they lie; their owner hears when they have left.
 */
final class Answers {
    private static final int HEADER_BYTES = 16 << 10;
    private static final int LARGEST_FRAME = NACK_SENTENCE_OFFSET + MAX_SENTENCE_BYTES;
    private static final int MAX_BUFFERS = 256;

    private final Wire wire;
    private final Runnable beforeWrite;
    private final ByteBuffer headers;
    private final List<ByteBuffer> buffers = new ArrayList<>();
    private final List<Runnable> ends = new ArrayList<>();

    /**
     * @param beforeWrite called before each write that may have to wait for the peer
     */
    Answers(Wire wire, Runnable beforeWrite) {
        this.wire = wire;
        this.beforeWrite = beforeWrite;
        this.headers = ByteBuffer.allocateDirect(HEADER_BYTES);
    }

    void add(Frame frame) throws IOException {
        ByteBuffer encoded = FrameCodec.encode(frame);
        buffers.add(room(encoded.remaining()).put(encoded).flip());
    }

    /**
     * @param inline the payload, or empty if it lies in the ring
     * @param end called when {@code inline} is no longer read
     */
    void addData(long sequence, int crc, int length, ByteBuffer inline, Runnable end) throws IOException {
        ends.add(end);
        ByteBuffer header = room(DATA_PAYLOAD_OFFSET);
        FrameCodec.putData(header, sequence, crc, length, inline.remaining());
        buffers.add(header);
        if (inline.hasRemaining()) {
            buffers.add(inline);
        }
    }

    private ByteBuffer room(int bytes) throws IOException {
        if (headers.remaining() < Math.max(bytes, LARGEST_FRAME) || buffers.size() >= MAX_BUFFERS) {
            write();
        }
        ByteBuffer room = headers.slice(headers.position(), bytes).order(ByteOrder.LITTLE_ENDIAN);
        headers.position(headers.position() + bytes);
        return room;
    }

    /** Sends everything. */
    void flush() throws IOException {
        try {
            write();
        } finally {
            close();
        }
    }

    private void write() throws IOException {
        if (!buffers.isEmpty()) {
            beforeWrite.run();
            wire.write(buffers.toArray(ByteBuffer[]::new));
            buffers.clear();
        }
        headers.clear();
    }

    /** Nothing is read any more. */
    void close() {
        ends.forEach(Runnable::run);
        ends.clear();
    }
}
