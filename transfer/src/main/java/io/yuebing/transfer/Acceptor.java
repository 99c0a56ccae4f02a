package io.yuebing.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One address that peers connect to: a socket that listens, and the thread that hands on who comes. */
public final class Acceptor implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Acceptor.class);
    private static final int BACKLOG = 1024;
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    private final ServerSocketChannel listener;
    private final InetSocketAddress address;
    private @Nullable Thread thread;

    /** Takes a connection, with its options set, and must not block. */
    @FunctionalInterface
    public interface Admission {
        /**
         * @throws IOException if the peer has gone already; the connection is closed
         */
        void admit(SocketChannel connection) throws IOException;
    }

    private Acceptor(ServerSocketChannel listener) throws IOException {
        this.listener = listener;
        this.address = (InetSocketAddress) listener.getLocalAddress();
    }

    /**
     * Binds; connections wait until {@link #start} is called.
     *
     * @param port 0 = any free one
     * @throws IOException if the address cannot be bound, as a sentence that names it
     */
    public static Acceptor bind(String host, int port) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open();
        try {
            listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            listener.bind(new InetSocketAddress(host, port), BACKLOG);
            return new Acceptor(listener);
        } catch (IOException | RuntimeException e) {
            listener.close();
            throw new IOException(
                    "cannot listen for transfers on " + host + ":" + port + ": " + e.getMessage()
                            + "; choose another transfer address",
                    e);
        }
    }

    public InetSocketAddress address() {
        return address;
    }

    /**
     * Begins to accept.
     *
     * @param complaints hears why nobody can be accepted
     */
    public void start(Admission admission, PeerComplaints complaints) {
        thread = Thread.ofPlatform()
                .daemon()
                .name("transfer-accept-" + address.getPort())
                .start(() -> accept(admission, complaints));
    }

    private void accept(Admission admission, PeerComplaints complaints) {
        while (listener.isOpen()) {
            try {
                admit(listener.accept(), admission);
            } catch (ClosedChannelException _) {
                return;
            } catch (IOException e) {
                // out of file handles, most likely: those who are connected go on
                complaints.log("any", "cannot be accepted: " + e.getMessage());
                pause();
            }
        }
    }

    private static void admit(SocketChannel connection, Admission admission) {
        try {
            connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
            connection.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            admission.admit(connection);
        } catch (IOException e) {
            log.debug("a transfer connection was gone before it began: {}", e.getMessage());
            FrameSession.closeQuietly(connection);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Nobody is accepted any more; none is being admitted when this returns. */
    @Override
    public void close() {
        FrameSession.closeQuietly(listener);
        if (thread != null) {
            try {
                thread.join(CLOSE_PATIENCE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
