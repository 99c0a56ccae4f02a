package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.TimeSource;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** An accepted connection whose every wait has an end. */
final class PeerConnection {
    private final SocketChannel channel;
    private final TimeSource time;
    private final InetAddress peer;

    private volatile long sinceNanos;
    private volatile Duration limit;
    private volatile boolean begun;
    private volatile boolean asked;
    private volatile boolean mayWriteSilently;
    private volatile long movedNanos;
    private volatile boolean stopped;

    /**
     * @param limit until the peer's first request is complete
     */
    PeerConnection(SocketChannel channel, TimeSource time, Duration limit) throws IOException {
        this.channel = channel;
        this.time = time;
        this.limit = limit;
        this.sinceNanos = time.nanoTime();
        this.movedNanos = sinceNanos;
        if (!(channel.getRemoteAddress() instanceof InetSocketAddress remote)) {
            throw new IOException("a connection from nowhere");
        }
        this.peer = remote.getAddress();
    }

    String peerHost() {
        return peer.getHostAddress();
    }

    /** Whether no whole request has arrived that is not answered: such a connection may be closed without harm. */
    boolean idle() {
        return !asked;
    }

    /** A whole request has arrived. */
    void asked() {
        asked = true;
    }

    /** Whether bytes have moved within this time. */
    boolean movedWithin(Duration span) {
        return time.nanoTime() - movedNanos < span.toNanos();
    }

    /** From now on the peer may take so long. */
    void allow(Duration time) {
        sinceNanos = this.time.nanoTime();
        limit = time;
    }

    /**
     * Closes the connection if its time is over.
     *
     * @return whether it was closed in the middle of something
     */
    boolean closeIfOverdue(long nowNanos) {
        if (stopped || nowNanos - sinceNanos <= limit.toNanos()) {
            return false;
        }
        stop();
        return begun;
    }

    /**
     * Waits for the next request's first bytes.
     *
     * @param bytes filled up to its limit
     * @param patience until the first byte
     * @param frame until the last byte, from the first
     * @return false if the peer has finished
     */
    boolean readRequest(ByteBuffer bytes, Duration patience, Duration frame) throws IOException {
        begun = false;
        asked = false;
        mayWriteSilently = false;
        allow(patience);
        if (read(bytes) < 0) {
            return false;
        }
        mayWriteSilently = true;
        allow(frame);
        while (bytes.hasRemaining()) {
            if (read(bytes) < 0) {
                throw new EOFException("the peer left in the middle of a request");
            }
        }
        asked();
        return true;
    }

    /** The request is not a write that its sender takes for done before it is applied. */
    void answersItsEnd() {
        mayWriteSilently = false;
    }

    /**
     * Whether bytes of a write may have arrived that are not applied yet, and whose sender waits for no answer.
     *
     * @param patience a request of which nothing has moved for so long was left unfinished
     */
    boolean owesSilentWrite(Duration patience) {
        try {
            // in this order: once no byte is left to read, the flag tells whether they are being applied
            boolean unread = channel.socket().getInputStream().available() > 0;
            return !stopped && (unread || mayWriteSilently) && (!begun || movedWithin(patience));
        } catch (IOException _) {
            return false;
        }
    }

    /** At least one byte; -1 at the end. */
    int read(ByteBuffer bytes) throws IOException {
        int count = channel.read(bytes);
        begun = true;
        movedNanos = time.nanoTime();
        return count;
    }

    void write(ByteBuffer... bytes) throws IOException {
        ByteBuffer last = bytes[bytes.length - 1];
        while (last.hasRemaining()) {
            channel.write(bytes);
            movedNanos = time.nanoTime();
        }
    }

    /** Says that nothing follows, and waits until the peer leaves, or for at most {@code patience}. */
    void partAfterAnswer(Duration patience) throws IOException {
        channel.shutdownOutput();
        allow(patience);
        ByteBuffer ignored = ByteBuffer.allocate(8 << 10);
        // closing with unread bytes would reset the connection and could take the answer with it
        while (channel.read(ignored) >= 0) {
            ignored.clear();
        }
    }

    boolean stopped() {
        return stopped;
    }

    void stop() {
        stopped = true;
        closeQuietly(channel);
    }

    static void closeQuietly(AutoCloseable channel) {
        try {
            channel.close();
        } catch (Exception _) {
            // nothing more can be done with it, and nobody waits for it
        }
    }
}
