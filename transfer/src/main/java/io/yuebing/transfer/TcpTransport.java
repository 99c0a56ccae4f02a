package io.yuebing.transfer;

import io.yuebing.transfer.TransferException.Kind;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Writes over TCP, one connection a session; {@link FrameDescriptor} draws the protocol. */
public final class TcpTransport implements Transport {
    private static final Duration DEADLINE_CHECK = Duration.ofMillis(200);

    private final TransferClientOptions options;
    private final TimeSource time;
    private final TimeSource.Beat deadlines;
    private final Set<TcpTransferSession> sessions = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    public TcpTransport(TransferClientOptions options, TimeSource time) {
        this.options = options;
        this.time = time;
        this.deadlines = time.every(
                DEADLINE_CHECK,
                "transfer-deadlines",
                () -> sessions.forEach(session -> session.checkDeadlines(time.nanoTime())));
    }

    @Override
    public String name() {
        return "tcp";
    }

    @Override
    public TransferSession connect(PeerAddress peer, String segment, Greeting greeting) throws TransferException {
        SocketChannel channel = open(peer);
        TcpTransferSession session = new TcpTransferSession(channel, peer, options, time, sessions::remove);
        sessions.add(session);
        if (closed) {
            session.close();
        }
        try {
            session.handshake(segment, greeting);
        } catch (TransferException e) {
            session.close();
            throw e;
        }
        return session;
    }

    private SocketChannel open(PeerAddress peer) throws TransferException {
        InetSocketAddress address = new InetSocketAddress(peer.host(), peer.port());
        if (address.isUnresolved()) {
            throw new TransferException(
                    Kind.CONNECT_FAILED, "no address is known for the transfer host " + peer.host());
        }
        SocketChannel channel = null;
        try {
            channel = SocketChannel.open();
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            channel.socket()
                    .connect(address, Math.toIntExact(options.connectTimeout().toMillis()));
            return channel;
        } catch (IOException e) {
            TcpTransferSession.closeQuietly(channel);
            throw new TransferException(
                    Kind.CONNECT_FAILED, "cannot connect to the transfer port of " + peer + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        closed = true;
        sessions.forEach(TcpTransferSession::close);
        deadlines.close();
    }
}
