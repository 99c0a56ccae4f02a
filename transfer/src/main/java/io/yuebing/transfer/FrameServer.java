package io.yuebing.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Offers segments to writers over TCP.
 *
 * <p>Each connection is a virtual thread that reads top to bottom. Memory is bounded: connections past their handshake by
 * {@link TransferServerOptions#maxConnections()}, each with one receive buffer; connections before it by a small number, of
 * which the oldest goes when a new one comes, so that silent connections keep nobody out.
 */
final class FrameServer implements TransferServer {
    static final int MAX_HANDSHAKES = 128;
    private static final int PORT_ATTEMPTS = 8;
    private static final long MIN_RING_BYTES = 2L << 20;

    private static final Logger log = LoggerFactory.getLogger(FrameServer.class);
    private static final Duration DEADLINE_CHECK = Duration.ofMillis(200);
    private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    private final Frame.RingWish ring;
    private final TransferServerOptions options;
    private final @Nullable SSLContext tls;
    private final TimeSource time;
    private final Map<String, Segment> segments;
    private final List<ServerSocketChannel> listeners;
    private final InetSocketAddress address;
    private final List<Thread> acceptors;
    private final TimeSource.Beat deadlines;
    private final ServerCounters counters = new ServerCounters();
    private final PeerTraffic traffic = new PeerTraffic();
    private final PeerComplaints complaints;

    private final ConcurrentLinkedDeque<ServerConnection> handshaking = new ConcurrentLinkedDeque<>();
    private final Set<ServerConnection> established = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private FrameServer(
            Frame.RingWish ring,
            TransferServerOptions options,
            @Nullable SSLContext tls,
            List<Segment> segments,
            TimeSource time,
            List<ServerSocketChannel> listeners)
            throws IOException {
        this.ring = ring;
        this.options = options;
        this.tls = tls;
        this.time = time;
        this.segments = segments.stream().collect(Collectors.toUnmodifiableMap(Segment::name, Function.identity()));
        this.listeners = listeners;
        this.address = (InetSocketAddress) listeners.getFirst().getLocalAddress();
        this.complaints = new PeerComplaints(log::warn, log::debug, time);
        this.deadlines = time.every(DEADLINE_CHECK, "transfer-server-deadlines", this::checkDeadlines);
        this.acceptors = listeners.stream()
                .map(listener -> Thread.ofVirtual()
                        .name("transfer-accept-" + address.getPort())
                        .start(() -> accept(listener)))
                .toList();
    }

    /**
     * Binds and starts.
     *
     * @param ring whether payloads may, or must, travel through shared memory
     * @throws IOException if the address cannot be bound, or must not be, as a sentence that names it
     */
    static FrameServer start(
            Frame.RingWish ring, TransferServerOptions options, List<Segment> segments, TimeSource time)
            throws IOException {
        List<String> hosts = Stream.concat(Stream.of(options.host()), options.furtherHosts().stream())
                .distinct()
                .toList();
        for (String host : hosts) {
            refuseIfOpenToAnybody(options, new InetSocketAddress(host, options.port()));
        }
        SSLContext tls = options.security() instanceof TransferSecurity.Tls(SSLContext context) ? context : null;
        List<ServerSocketChannel> listeners = listen(hosts, options.port());
        try {
            if (ring != Frame.RingWish.NEVER) {
                AbandonedRings.sweep();
            }
            return new FrameServer(ring, options, tls, segments, time, listeners);
        } catch (IOException | RuntimeException e) {
            listeners.forEach(FrameSession::closeQuietly);
            throw e;
        }
    }

    /** One listener a host, all on one port; the first host decides which, if any will do. */
    private static List<ServerSocketChannel> listen(List<String> hosts, int wanted) throws IOException {
        for (int attempt = 1; ; attempt++) {
            List<ServerSocketChannel> listeners = new ArrayList<>();
            int port = wanted;
            try {
                for (String host : hosts) {
                    port = listen(listeners, host, port);
                }
                return listeners;
            } catch (IOException e) {
                listeners.forEach(FrameSession::closeQuietly);
                // a port that is free on one address may be taken on the next
                if (wanted != 0 || listeners.size() < 2 || attempt == PORT_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static int listen(List<ServerSocketChannel> listeners, String host, int port) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open();
        listeners.add(listener);
        try {
            listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            listener.bind(new InetSocketAddress(host, port), 1024);
            return ((InetSocketAddress) listener.getLocalAddress()).getPort();
        } catch (IOException | RuntimeException e) {
            throw new IOException(
                    "cannot listen for transfers on " + host + ":" + port + ": " + e.getMessage()
                            + "; choose another transfer address",
                    e);
        }
    }

    private static void refuseIfOpenToAnybody(TransferServerOptions options, InetSocketAddress wanted)
            throws IOException {
        boolean loopback = !wanted.isUnresolved() && wanted.getAddress().isLoopbackAddress();
        if (!loopback && options.security() instanceof TransferSecurity.None && !options.insecure()) {
            throw new IOException("will not listen for transfers on " + wanted.getHostString() + ":" + wanted.getPort()
                    + " with neither a secret nor TLS, for whoever reaches it could write there: give"
                    + " --transfer-secret-file or --transfer-tls-cert, -key and -ca, or --insecure-transfer if every"
                    + " host of that network is trusted");
        }
    }

    @Override
    public InetSocketAddress address() {
        return address;
    }

    @Override
    public TransferServerStats stats() {
        return counters.snapshot(established.size(), handshaking.size());
    }

    @Override
    public Map<String, PeerTraffic.Bytes> traffic() {
        return traffic.snapshot();
    }

    private void accept(ServerSocketChannel listener) {
        while (!closed) {
            try {
                admit(listener.accept());
            } catch (ClosedChannelException _) {
                return;
            } catch (IOException e) {
                // out of file handles, most likely: established peers go on
                complaints.log("any", "cannot be accepted: " + e.getMessage());
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(ACCEPT_PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void admit(SocketChannel channel) {
        ServerConnection connection;
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            connection = new ServerConnection(channel, this);
        } catch (IOException e) {
            log.debug("a transfer connection was gone before it began: {}", e.getMessage());
            FrameSession.closeQuietly(channel);
            return;
        }
        handshaking.add(connection);
        if (handshaking.size() > MAX_HANDSHAKES) {
            turnAwayOldest();
        }
        connection.start();
        if (closed) {
            connection.stop();
        }
    }

    private void turnAwayOldest() {
        ServerConnection oldest = handshaking.pollFirst();
        if (oldest != null) {
            oldest.stop();
            counters.turnedAway.increment();
            complaints.log(oldest.peerHost(), "too many connections that do not introduce themselves");
        }
    }

    /** Moves a connection past its handshake; a sentence if there is no room. */
    Optional<String> establish(ServerConnection connection) {
        handshaking.remove(connection);
        established.add(connection);
        if (established.size() > options.maxConnections()) {
            established.remove(connection);
            return Optional.of("all " + options.maxConnections() + " transfer connections of " + address
                    + " are in use; try again later or raise the limit");
        }
        return Optional.empty();
    }

    void ended(ServerConnection connection) {
        handshaking.remove(connection);
        established.remove(connection);
    }

    Optional<Segment> segment(String name) {
        return name.isEmpty() && segments.size() == 1
                ? segments.values().stream().findFirst()
                : Optional.ofNullable(segments.get(name));
    }

    /** The connection's bytes; with TLS, waits for its handshake. */
    Wire wire(SocketChannel channel) throws IOException {
        return tls == null ? new Wire.Plain(channel) : TlsWire.over(channel, tls, false);
    }

    Frame.RingWish ring() {
        return ring;
    }

    /** Size of a ring: room for some of the longest slices, at least {@value #MIN_RING_BYTES}. */
    long ringBytes() {
        return Math.max(MIN_RING_BYTES, Math.ceilDiv(4L * options.maxSliceBytes(), 4096) * 4096);
    }

    TransferServerOptions options() {
        return options;
    }

    TimeSource time() {
        return time;
    }

    ServerCounters counters() {
        return counters;
    }

    PeerTraffic counted() {
        return traffic;
    }

    PeerComplaints complaints() {
        return complaints;
    }

    private void checkDeadlines() {
        long now = time.nanoTime();
        handshaking.forEach(connection -> connection.checkDeadline(now));
        established.forEach(connection -> connection.checkDeadline(now));
    }

    @Override
    public void close() {
        closed = true;
        deadlines.close();
        listeners.forEach(FrameSession::closeQuietly);
        List<ServerConnection> open = new ArrayList<>(handshaking);
        open.addAll(established);
        open.forEach(ServerConnection::stop);
        try {
            for (Thread acceptor : acceptors) {
                acceptor.join(CLOSE_PATIENCE);
            }
            for (ServerConnection connection : open) {
                connection.join(CLOSE_PATIENCE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
