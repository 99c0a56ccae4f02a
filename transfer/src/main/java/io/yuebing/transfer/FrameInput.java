package io.yuebing.transfer;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what a channel delivers into frames, in one buffer of fixed size.
 *
 * <p>A frame and its payload are views of that buffer and valid until the next call that reads.
 */
final class FrameInput {
    private final ReadableByteChannel channel;
    private final ByteBuffer buffer;
    private final int maxFrameBytes;
    /** Of the frame that has begun to arrive, as far as it is known. */
    private int awaitedBytes;

    /**
     * @param buffer off-heap, at least as large as the longest frame
     */
    FrameInput(ReadableByteChannel channel, ByteBuffer buffer, int maxFrameBytes) {
        this.channel = channel;
        this.buffer = buffer.order(ByteOrder.LITTLE_ENDIAN).limit(0);
        this.maxFrameBytes = maxFrameBytes;
    }

    /** Continues with what {@code earlier} has received and not decoded. */
    FrameInput(FrameInput earlier, ByteBuffer buffer, int maxFrameBytes) {
        this(earlier.channel, buffer, maxFrameBytes);
        this.buffer.clear();
        this.buffer.put(earlier.buffer).flip();
    }

    /** The next frame if it has arrived completely, else null. Reads nothing. */
    @Nullable
    Frame poll() throws ProtocolException {
        int length = FrameCodec.frameLength(buffer, maxFrameBytes);
        if (length == 0 || buffer.remaining() < length) {
            awaitedBytes = Math.max(length, FrameDescriptor.MAX_REQUEST_HEADER_BYTES);
            return null;
        }
        ByteBuffer frame = buffer.slice(buffer.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.position(buffer.position() + length);
        return FrameCodec.decode(frame);
    }

    /** Waits for more bytes; invalidates all frames given out. */
    void read() throws IOException {
        if (!buffer.hasRemaining()) {
            buffer.position(0).limit(0);
        } else if (buffer.capacity() - buffer.position() < awaitedBytes) {
            // only now: what has arrived of a frame would otherwise be copied for every piece that follows
            buffer.compact().flip();
        }
        int begun = buffer.position();
        buffer.position(buffer.limit()).limit(buffer.capacity());
        int read = channel.read(buffer);
        buffer.limit(buffer.position()).position(begun);
        if (read < 0) {
            throw new EOFException(
                    buffer.hasRemaining() ? "connection closed in the middle of a frame" : "connection closed");
        }
    }

    /** Waits for the next frame. */
    Frame next() throws IOException {
        Frame frame = poll();
        while (frame == null) {
            read();
            frame = poll();
        }
        return frame;
    }

    /** Whether a frame has begun to arrive. */
    boolean midFrame() {
        return buffer.hasRemaining();
    }
}
