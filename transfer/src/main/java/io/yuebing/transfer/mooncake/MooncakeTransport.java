package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.Greeting;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.PeerComplaints;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferException.Kind;
import io.yuebing.transfer.TransferRoute;
import io.yuebing.transfer.TransferSecurity;
import io.yuebing.transfer.TransferSession;
import io.yuebing.transfer.Transport;
import io.yuebing.transfer.mooncake.SegmentDescriptor.UnusableDescriptor;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/** Reaches segments of Mooncake's processes. */
final class MooncakeTransport implements Transport {
    private static final Logger log = LoggerFactory.getLogger(MooncakeTransport.class);
    private static final Duration DEADLINE_CHECK = Duration.ofMillis(200);

    private final MooncakeMetadata metadata;
    private final TransferClientOptions options;
    private final TimeSource time;
    private final HandshakeClient handshakes;
    private final PeerComplaints routes;
    private final TimeSource.Beat deadlines;
    private final Set<MooncakeSession> sessions = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    MooncakeTransport(MooncakeMetadata metadata, TransferClientOptions options, TimeSource time) {
        this.metadata = metadata;
        this.options = options;
        this.time = time;
        this.handshakes = new HandshakeClient(options.connectTimeout());
        this.routes = new PeerComplaints(log::warn, log::debug, time);
        this.deadlines = time.every(DEADLINE_CHECK, "mooncake-transfer-deadlines", this::checkDeadlines);
    }

    @Override
    public String name() {
        return "mooncake";
    }

    private void checkDeadlines() {
        long now = time.nanoTime();
        sessions.forEach(session -> session.checkDeadlines(now));
    }

    /**
     * @param peer the handshake daemon
     */
    @Override
    public TransferSession connect(PeerAddress peer, String segment, Greeting greeting) throws TransferException {
        if (!(options.security() instanceof TransferSecurity.None)) {
            throw new TransferException(Kind.HANDSHAKE_REFUSED, MooncakeProtocol.NO_SECURITY);
        }
        if (greeting.hello().length > 0) {
            throw new TransferException(
                    Kind.HANDSHAKE_REFUSED,
                    "layouts have to be compared with " + peer
                            + " first, which Mooncake's protocol cannot do; use the protocol tcp");
        }
        SegmentDescriptor descriptor = descriptor(peer, segment);
        if (!segment.isEmpty() && !descriptor.name().equals(segment)) {
            throw new TransferException(
                    Kind.HANDSHAKE_REFUSED,
                    peer + " offers the segment '" + descriptor.name() + "', expected '" + segment + "'");
        }
        TransferRoute route = new TransferRoute(
                "mooncake",
                "version " + descriptor.version() + " of Mooncake's data plane: "
                        + MooncakeProtocol.missing(descriptor.version()),
                Optional.empty());
        if (closed) {
            throw new TransferException(Kind.CANCELLED, "the transport was closed here");
        }
        MooncakeSession session =
                new MooncakeSession(peer, descriptor, route, options, handshakes, time, sessions::remove);
        sessions.add(session);
        session.start();
        if (closed) {
            session.close();
        }
        if (routes.firstInAWhile(peer.toString())) {
            log.info("transfer peer {} is reached over {}: {}", peer, route.protocol(), route.why());
        }
        return session;
    }

    private SegmentDescriptor descriptor(PeerAddress peer, String segment) throws TransferException {
        try {
            return switch (metadata) {
                case MooncakeMetadata.PeerToPeer _ ->
                    SegmentDescriptor.fromJson(peer.toString(), handshakes.descriptor(peer, nothing()));
                case MooncakeMetadata.Http(var address) -> published(address, peer, segment);
            };
        } catch (UnusableDescriptor e) {
            throw new TransferException(Kind.HANDSHAKE_REFUSED, String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            throw new TransferException(
                    Kind.CONNECT_FAILED, "cannot open the segment of " + peer + ": " + e.getMessage(), e);
        }
    }

    private static SegmentDescriptor published(URI server, PeerAddress peer, String segment)
            throws IOException, UnusableDescriptor {
        if (segment.isEmpty()) {
            throw new IOException("the metadata server " + server + " has to be asked by name; give --segment");
        }
        try (MetadataClient client = new MetadataClient(server)) {
            JsonNode json = client.get(MetadataClient.segmentKey(segment))
                    .orElseThrow(() ->
                            new IOException("the metadata server " + server + " knows no segment '" + segment + "'"));
            return SegmentDescriptor.fromJson("'" + segment + "' of " + peer, json);
        }
    }

    /** A caller who offers nothing has a descriptor all the same: it is half of the exchange. */
    private SegmentDescriptor nothing() {
        return SegmentDescriptor.own(
                "yuebing-" + ProcessHandle.current().pid(), 0, time.currentTimeMillis(), List.of());
    }

    @Override
    public void close() {
        closed = true;
        sessions.forEach(MooncakeSession::close);
        deadlines.close();
    }
}
