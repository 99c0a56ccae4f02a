package io.yuebing.transfer;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** A writer that speaks frames, or nonsense, by hand. */
final class RawPeer implements AutoCloseable {
    final SocketChannel channel;
    private final FrameInput input;

    RawPeer(InetSocketAddress server) throws IOException {
        channel = SocketChannel.open(server);
        input = new FrameInput(
                channel, Arena.ofAuto().allocate(1 << 17).asByteBuffer(), FrameDescriptor.MAX_CONTROL_FRAME_BYTES);
    }

    static Frame.Hello hello(String segment) {
        return new Frame.Hello(
                segment,
                new byte[FrameDescriptor.NONCE_BYTES],
                Frame.RingWish.NEVER,
                Checksum.CRC32C,
                null,
                "raw".getBytes(StandardCharsets.UTF_8));
    }

    static RawPeer greeted(InetSocketAddress server, String segment) throws IOException {
        RawPeer peer = new RawPeer(server);
        peer.send(FrameCodec.encode(hello(segment)));
        if (!(peer.next() instanceof Frame.Welcome)) {
            throw new IOException("not welcome");
        }
        return peer;
    }

    void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    Frame next() throws IOException {
        return input.next();
    }

    /** Waits until the server ends the connection; false if it sends something instead. */
    boolean seesTheEnd() {
        try {
            return channel.read(ByteBuffer.allocate(1 << 12)) < 0;
        } catch (IOException _) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
