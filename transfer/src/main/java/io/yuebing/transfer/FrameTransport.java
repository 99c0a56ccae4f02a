package io.yuebing.transfer;

import io.yuebing.transfer.TransferException.Kind;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reaches segments with the protocol that {@link FrameDescriptor} draws, payloads in frames or in shared memory. */
final class FrameTransport implements Transport {
    private static final Duration DEADLINE_CHECK = Duration.ofMillis(200);
    private static final Logger log = LoggerFactory.getLogger(FrameTransport.class);

    private final String name;
    private final Frame.RingWish wish;
    private final TransferClientOptions options;
    private final @Nullable SSLContext tls;
    private final TimeSource time;
    private final TimeSource.Beat deadlines;
    private final PeerComplaints routes;
    private final Set<LaneOpening> openings = ConcurrentHashMap.newKeySet();
    private final Set<FrameSession> sessions = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    FrameTransport(String name, Frame.RingWish wish, TransferClientOptions options, TimeSource time) {
        this.name = name;
        this.wish = wish;
        this.options = options;
        this.tls = options.security() instanceof TransferSecurity.Tls(SSLContext context) ? context : null;
        this.time = time;
        this.routes = new PeerComplaints(log::warn, log::debug, time);
        this.deadlines = time.every(DEADLINE_CHECK, "transfer-deadlines", this::checkDeadlines);
    }

    @Override
    public String name() {
        return name;
    }

    private void checkDeadlines() {
        long now = time.nanoTime();
        openings.forEach(opening -> opening.checkDeadline(now));
        sessions.forEach(session -> session.checkDeadlines(now));
    }

    @Override
    public TransferSession connect(PeerAddress peer, String segment, Greeting greeting) throws TransferException {
        boolean sameHost = sameHost(peer);
        Frame.RingWish asked = asked(peer, sameHost);
        LaneKeeper.Opener opener = way -> open(new PeerAddress(way.to(), peer.port()), way, segment, greeting, asked);
        LaneOpening.Opened first = opener.open(new Way(null, peer.host()));
        ClientHandshake.Agreed agreed = first.agreed();
        TransferRoute route = route(agreed, sameHost);
        List<Way> ways = ways(peer, greeting.furtherHosts(agreed.welcome().hello()), asked);
        FrameSession session = new FrameSession(peer, options, time, agreed.welcome(), route, sessions::remove);
        session.addLane(0, first);
        LaneKeeper keeper =
                new LaneKeeper(session, Math.max(options.lanes(), ways.size()), ways, time.nanoTime(), opener);
        session.keptBy(keeper);
        sessions.add(session);
        if (closed) {
            session.close();
        }
        keeper.reopen(time.nanoTime());
        if (routes.firstInAWhile(peer + " " + route.protocol())) {
            route.fallback()
                    .ifPresentOrElse(
                            fallback -> log.warn(
                                    "transfer peer {} is reached over {}, fallback {}: {}",
                                    peer,
                                    route.protocol(),
                                    fallback,
                                    route.why()),
                            () -> log.info(
                                    "transfer peer {} is reached over {}: {}", peer, route.protocol(), route.why()));
            if (ways.size() > 1) {
                log.info("transfer peer {} is reached by {} network cards: {}", peer, ways.size(), ways);
            }
        }
        return session;
    }

    private Frame.RingWish asked(PeerAddress peer, boolean sameHost) throws TransferException {
        if (wish == Frame.RingWish.IF_POSSIBLE && !sameHost) {
            return UcxOffer.isPreferred(options.security()) ? Frame.RingWish.UCX_IF_POSSIBLE : Frame.RingWish.NEVER;
        }
        if (wish == Frame.RingWish.UCX) {
            Optional<String> why = options.security() instanceof TransferSecurity.Tls
                    ? Optional.of("UCX does not encrypt what it carries; use the protocol tcp")
                    : Ucx.unavailable();
            if (why.isPresent()) {
                throw new TransferException(Kind.HANDSHAKE_REFUSED, "cannot reach " + peer + ": " + why.get());
            }
        }
        return wish;
    }

    /**
     * The ways that lanes take, first one that leads where the peer was reached. Shared memory needs no others.
     *
     * @param furtherHosts what the peer said of itself
     */
    private List<Way> ways(PeerAddress peer, List<String> furtherHosts, Frame.RingWish asked) {
        List<Way.PeerHost> hosts = new ArrayList<>();
        for (String host : Stream.concat(Stream.of(peer.host()), furtherHosts.stream())
                .distinct()
                .toList()) {
            try {
                hosts.add(new Way.PeerHost(host, InetAddress.getByName(host)));
            } catch (UnknownHostException e) {
                log.warn("{} says that it is reached at {}, which has no known address", peer, host);
            }
        }
        if (hosts.size() < 2 || asked != Frame.RingWish.NEVER) {
            return List.of(new Way(null, peer.host()));
        }
        List<Way> ways = new ArrayList<>(Way.between(options.localAddresses(), hosts));
        ways.sort(Comparator.comparing(way -> !way.to().equals(peer.host())));
        return ways;
    }

    private LaneOpening.Opened open(PeerAddress peer, Way way, String segment, Greeting greeting, Frame.RingWish asked)
            throws TransferException {
        LaneOpening opening = new LaneOpening(peer, options, tls, time.nanoTime());
        openings.add(opening);
        try {
            if (closed) {
                opening.end(new TransferException(Kind.CANCELLED, "the transport was closed here"));
            }
            return opening.open(way.from(), segment, greeting, asked);
        } finally {
            openings.remove(opening);
        }
    }

    private TransferRoute route(ClientHandshake.Agreed agreed, boolean sameHost) {
        if (agreed.ring() != null) {
            boolean ucx = agreed.ring() instanceof UcxReach;
            String reason = ucx ? "both hosts have RDMA devices" : "the peer is on this host";
            return new TransferRoute(
                    ucx ? "ucx" : "shm",
                    wish == Frame.RingWish.IF_POSSIBLE ? reason : "as configured",
                    Optional.empty());
        }
        String why = agreed.fallback()
                .map(TransferFallback::sentence)
                .orElse(
                        wish == Frame.RingWish.NEVER
                                ? "as configured"
                                : sameHost ? "as the peer is configured" : "the peer is on another host");
        return new TransferRoute("tcp", why, agreed.fallback());
    }

    /** Whether the address belongs to this machine; a name that cannot be resolved fails later, at the connection. */
    private static boolean sameHost(PeerAddress peer) {
        try {
            InetAddress address = InetAddress.getByName(peer.host());
            return address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null;
        } catch (UnknownHostException | SocketException _) {
            return false;
        }
    }

    @Override
    public void close() {
        closed = true;
        TransferException why = new TransferException(Kind.CANCELLED, "the transport was closed here");
        openings.forEach(opening -> opening.end(why));
        sessions.forEach(FrameSession::close);
        deadlines.close();
    }
}
