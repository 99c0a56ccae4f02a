package io.yuebing.transfer;

import io.yuebing.transfer.TransferException.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** One attempt to open a connection to a peer, from the socket to the end of the handshake, within one deadline. */
final class LaneOpening {
    private final PeerAddress peer;
    private final TransferClientOptions options;
    private final @Nullable SSLContext tls;
    private final SocketChannel channel;
    private final long startedNanos;
    private volatile @Nullable TransferException ended;

    LaneOpening(PeerAddress peer, TransferClientOptions options, @Nullable SSLContext tls, long nowNanos)
            throws TransferException {
        this.peer = peer;
        this.options = options;
        this.tls = tls;
        this.startedNanos = nowNanos;
        try {
            this.channel = SocketChannel.open();
        } catch (IOException e) {
            throw new TransferException(
                    Kind.CONNECT_FAILED, "no socket for a connection to " + peer + ": " + e.getMessage(), e);
        }
    }

    /**
     * An open connection.
     *
     * @param input what the peer has sent beyond its handshake
     */
    record Opened(Wire wire, FrameInput input, ClientHandshake.Agreed agreed) {}

    /**
     * @param from local address to use; null to let the system choose
     */
    Opened open(@Nullable InetAddress from, String segment, Greeting greeting, Frame.RingWish wish)
            throws TransferException {
        InetSocketAddress address = new InetSocketAddress(peer.host(), peer.port());
        if (address.isUnresolved()) {
            abandon(new TransferException(
                    Kind.CONNECT_FAILED, "no address is known for the transfer host " + peer.host()));
        }
        connect(from, address);
        try {
            Wire wire = tls == null ? new Wire.Plain(channel) : TlsWire.over(channel, tls, true);
            FrameInput input = new FrameInput(
                    wire,
                    Arena.ofAuto()
                            .allocate(FrameDescriptor.MAX_CONTROL_FRAME_BYTES, 64)
                            .asByteBuffer(),
                    FrameDescriptor.MAX_CONTROL_FRAME_BYTES);
            ClientHandshake.Agreed agreed = new ClientHandshake(wire, input, peer)
                    .shake(segment, greeting, options.security(), wish, options.checksum(), options.memory());
            return new Opened(wire, input, agreed);
        } catch (ProtocolException e) {
            throw abandon(new TransferException(
                    Kind.HANDSHAKE_REFUSED,
                    peer + " is no transfer server of this release: it sent " + e.getMessage()));
        } catch (TransferException e) {
            throw abandon(e);
        } catch (IOException e) {
            throw abandon(new TransferException(
                    Kind.CONNECT_FAILED,
                    "no handshake with the transfer port of " + peer + ": " + FrameSession.reason(e),
                    e));
        }
    }

    private void connect(@Nullable InetAddress from, InetSocketAddress address) throws TransferException {
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            if (from != null) {
                channel.bind(new InetSocketAddress(from, 0));
            }
            channel.socket()
                    .connect(address, Math.toIntExact(options.connectTimeout().toMillis()));
        } catch (IOException e) {
            throw abandon(new TransferException(
                    Kind.CONNECT_FAILED,
                    "cannot connect to the transfer port of " + peer + ": " + FrameSession.reason(e),
                    e));
        }
    }

    void checkDeadline(long nowNanos) {
        Duration limit = options.connectTimeout();
        if (nowNanos - startedNanos > limit.toNanos()) {
            end(new TransferException(
                    Kind.CONNECT_FAILED, peer + " did not answer the handshake within " + limit.toMillis() + " ms"));
        }
    }

    /** Ends the attempt, for this reason. */
    void end(TransferException why) {
        ended = why;
        FrameSession.closeQuietly(channel);
    }

    /** Whoever ended the attempt knows the reason better than the socket that broke. */
    private TransferException abandon(TransferException why) throws TransferException {
        FrameSession.closeQuietly(channel);
        TransferException reason = ended;
        throw reason == null ? why : reason;
    }
}
