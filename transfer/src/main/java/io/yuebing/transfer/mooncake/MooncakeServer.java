package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.PeerComplaints;
import io.yuebing.transfer.PeerTraffic;
import io.yuebing.transfer.Segment;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferSecurity;
import io.yuebing.transfer.TransferServer;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.TransferServerStats;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Offers segments to Mooncake's processes: a handshake daemon, a data plane, and an entry on the metadata server. */
public final class MooncakeServer implements TransferServer {
    private static final Logger log = LoggerFactory.getLogger(MooncakeServer.class);

    private final PeerListener handshakes;
    private final PeerListener data;
    private final MooncakeCounters counters;
    private final SegmentDescriptor descriptor;
    private final @Nullable Registration registration;

    private MooncakeServer(
            PeerListener handshakes,
            PeerListener data,
            MooncakeCounters counters,
            SegmentDescriptor descriptor,
            @Nullable Registration registration) {
        this.handshakes = handshakes;
        this.data = data;
        this.counters = counters;
        this.descriptor = descriptor;
        this.registration = registration;
    }

    static MooncakeServer start(
            MooncakeMetadata metadata,
            Optional<String> wantedName,
            TransferServerOptions options,
            List<Segment> segments,
            TimeSource time)
            throws IOException {
        refuseWhatCannotBeKept(options, segments);
        MooncakeCounters counters = new MooncakeCounters();
        PeerComplaints complaints = new PeerComplaints(log::warn, log::debug, time);
        AddressSpace addresses = new AddressSpace(segments);
        Starting starting = new Starting();
        try {
            PeerListener data = starting.data = PeerListener.bind(
                    0,
                    options,
                    new DataService(addresses, options, counters, complaints, time),
                    counters,
                    complaints,
                    time);
            HandshakeService daemon = new HandshakeService(segments, options, starting::descriptor);
            PeerListener handshakes = starting.handshakes =
                    PeerListener.bind(options.port(), options, daemon, counters, complaints, time);
            MooncakeName name = MooncakeName.of(metadata, wantedName, handshakes.address());
            starting.descriptor = SegmentDescriptor.own(
                    name.segment(), data.address().getPort(), time.currentTimeMillis(), addresses.published());
            handshakes.accept();
            data.accept();
            Registration registration = metadata instanceof MooncakeMetadata.Http http
                    ? Registration.publish(http.address(), starting.descriptor(), name.daemon(), time)
                    : null;
            log.info(
                    "segment '{}' is offered to Mooncake's processes: {}",
                    name.segment(),
                    MooncakeProtocol.missing(MooncakeDescriptor.ACKNOWLEDGED_VERSION));
            return new MooncakeServer(handshakes, data, counters, starting.descriptor(), registration);
        } catch (IOException | RuntimeException e) {
            starting.abandon();
            throw e;
        }
    }

    /** What exists before the server does. */
    private static final class Starting {
        private @Nullable PeerListener data;
        private @Nullable PeerListener handshakes;
        private volatile @Nullable SegmentDescriptor descriptor;

        private SegmentDescriptor descriptor() {
            SegmentDescriptor known = descriptor;
            if (known == null) {
                throw new IllegalStateException("asked before the start");
            }
            return known;
        }

        private void abandon() {
            if (data != null) {
                data.close();
            }
            if (handshakes != null) {
                handshakes.close();
            }
        }
    }

    private static void refuseWhatCannotBeKept(TransferServerOptions options, List<Segment> segments)
            throws IOException {
        if (!(options.security() instanceof TransferSecurity.None)) {
            throw new IOException(MooncakeProtocol.NO_SECURITY);
        }
        InetSocketAddress wanted = new InetSocketAddress(options.host(), options.port());
        boolean loopback = !wanted.isUnresolved() && wanted.getAddress().isLoopbackAddress();
        if (!loopback && !options.insecure()) {
            throw new IOException("will not listen for transfers on " + options.host() + ":" + options.port()
                    + " with Mooncake's protocol, for whoever reaches it could write there: give --insecure-transfer"
                    + " if every host of that network is trusted");
        }
        for (Segment segment : segments) {
            if (segment.greeting().hello().length > 0) {
                throw new IOException("the segment '" + segment.name() + "' has to compare layouts with its peers,"
                        + " which Mooncake's protocol cannot do; use the protocol tcp");
            }
        }
    }

    /** Where the handshake daemon listens. */
    @Override
    public InetSocketAddress address() {
        return handshakes.address();
    }

    /** The name by which peers open the segment. */
    public String segmentName() {
        return descriptor.name();
    }

    /** The port of the data plane. */
    public int dataPort() {
        return descriptor.dataPort();
    }

    /** Where the daemon of this server is found. */
    PeerAddress daemon() {
        return new PeerAddress(address().getHostString(), address().getPort());
    }

    @Override
    public TransferServerStats stats() {
        return counters.snapshot(data.connections(), handshakes.connections());
    }

    @Override
    public Map<String, PeerTraffic.Bytes> traffic() {
        return counters.traffic.snapshot();
    }

    @Override
    public void close() {
        if (registration != null) {
            registration.close();
        }
        handshakes.close();
        data.close();
    }
}
