package io.yuebing.transfer;

import java.io.IOException;
import java.net.InetSocketAddress;
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
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    private final Frame.RingWish ring;
    private final @Nullable UcxRings ucx;
    private final TransferServerOptions options;
    private final @Nullable SSLContext tls;
    private final TimeSource time;
    private final Map<String, Segment> segments;
    private final List<Acceptor> acceptors;
    private final InetSocketAddress address;
    private final TimeSource.Beat deadlines;
    private final ServerCounters counters = new ServerCounters();
    private final PeerTraffic traffic = new PeerTraffic();
    private final PeerComplaints complaints;

    private final ConcurrentLinkedDeque<ServerConnection> handshaking = new ConcurrentLinkedDeque<>();
    private final Set<ServerConnection> established = ConcurrentHashMap.newKeySet();

    private FrameServer(
            Frame.RingWish ring,
            TransferServerOptions options,
            @Nullable SSLContext tls,
            @Nullable UcxRings ucx,
            List<Segment> segments,
            TimeSource time,
            List<Acceptor> acceptors) {
        this.ring = ring;
        this.options = options;
        this.tls = tls;
        this.ucx = ucx;
        this.time = time;
        this.segments = segments.stream().collect(Collectors.toUnmodifiableMap(Segment::name, Function.identity()));
        this.acceptors = acceptors;
        this.address = acceptors.getFirst().address();
        this.complaints = new PeerComplaints(log::warn, log::debug, time);
        this.deadlines = time.every(DEADLINE_CHECK, "transfer-server-deadlines", this::checkDeadlines);
        acceptors.forEach(acceptor -> acceptor.start(this::admit, complaints));
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
        if (ring != Frame.RingWish.NEVER) {
            AbandonedFiles.sweep();
        }
        UcxRings ucx = UcxOffer.rings(ring, options);
        try {
            return new FrameServer(ring, options, tls, ucx, segments, time, listen(hosts, options.port()));
        } catch (IOException | RuntimeException e) {
            if (ucx != null) {
                ucx.close();
            }
            throw e;
        }
    }

    /** One address a host, all with one port; the first host decides which, if any will do. */
    private static List<Acceptor> listen(List<String> hosts, int wanted) throws IOException {
        for (int attempt = 1; ; attempt++) {
            List<Acceptor> acceptors = new ArrayList<>();
            int port = wanted;
            try {
                for (String host : hosts) {
                    acceptors.add(Acceptor.bind(host, port));
                    port = acceptors.getFirst().address().getPort();
                }
                return acceptors;
            } catch (IOException e) {
                acceptors.forEach(Acceptor::close);
                // a port that is free on one address may be taken on the next
                if (wanted != 0 || acceptors.isEmpty() || attempt == PORT_ATTEMPTS) {
                    throw e;
                }
            }
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

    private void admit(SocketChannel channel) throws IOException {
        ServerConnection connection = new ServerConnection(channel, this);
        handshaking.add(connection);
        if (handshaking.size() > MAX_HANDSHAKES) {
            turnAwayOldest();
        }
        connection.start();
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

    long ringBytes() {
        return ringBytes(options);
    }

    /** Size of a ring: room for some of the longest slices, at least {@value #MIN_RING_BYTES}. */
    static long ringBytes(TransferServerOptions options) {
        return Math.max(MIN_RING_BYTES, Math.ceilDiv(4L * options.maxSliceBytes(), 4096) * 4096);
    }

    /** Why peers that want to be reached through UCX alone are turned away; empty if they are not. */
    Optional<String> ucxRefusal() {
        return ucx == null
                ? Optional.of("this server lets no UCX into its memory; use protocol tcp")
                : Optional.empty();
    }

    /** A ring for UCX; null if there is none. */
    @Nullable
    OfferedRing newUcxRing(ServerConnection connection) {
        if (ucx == null) {
            return null;
        }
        try {
            return ucx.newRing();
        } catch (IOException e) {
            complaints.log(connection.peerHost(), "gets no memory for UCX: " + e.getMessage());
            return null;
        }
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
        deadlines.close();
        acceptors.forEach(Acceptor::close);
        List<ServerConnection> open = new ArrayList<>(handshaking);
        open.addAll(established);
        open.forEach(ServerConnection::stop);
        try {
            for (ServerConnection connection : open) {
                connection.join(CLOSE_PATIENCE);
            }
            if (ucx != null) {
                ucx.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
