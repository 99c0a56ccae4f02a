package io.yuebing.transfer.mooncake;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import io.yuebing.transfer.PeerComplaints;
import io.yuebing.transfer.TimeSource;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP connections for questions that are answered at once: none lasts long, whatever its peer does.
 *
 * <p>Helidon bounds each read of a socket but not a request, so a byte now and then would hold a connection for ever. After its
 * time a connection ends when no request is under way; after twice that it is cut off.
 */
final class BriefConnections implements ServerConnectionSelector, AutoCloseable {
    /** Enough for any request, and for many over one connection. */
    static final Duration USUAL = Duration.ofSeconds(15);

    private static final Logger log = LoggerFactory.getLogger(BriefConnections.class);

    private final Http1ConnectionSelector helidon =
            Http1ConnectionSelector.builder().config(Http1Config.create()).build();
    private final Set<Brief> open = ConcurrentHashMap.newKeySet();
    private final TimeSource time = TimeSource.system();
    private final PeerComplaints complaints = new PeerComplaints(log::warn, log::debug, time);
    private final Duration patience;
    private final TimeSource.Beat beat;

    BriefConnections(Duration patience) {
        this.patience = patience;
        this.beat = time.every(patience.dividedBy(4), "metadata-connections", this::endOverdue);
    }

    @Override
    public int bytesToIdentifyConnection() {
        return helidon.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData data) {
        return helidon.supports(data);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return helidon.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        return new Brief(helidon.connection(context), context.remotePeer().host());
    }

    private void endOverdue() {
        long now = time.nanoTime();
        open.forEach(connection -> connection.endIfOverdue(now));
    }

    @Override
    public void close() {
        beat.close();
    }

    /** One connection; made on the thread that serves it. */
    private final class Brief implements ServerConnection {
        private final ServerConnection inner;
        private final String host;
        private final long sinceNanos = time.nanoTime();

        Brief(ServerConnection inner, String host) {
            this.inner = inner;
            this.host = host;
        }

        private void endIfOverdue(long now) {
            long lasted = now - sinceNanos;
            if (lasted > 2 * patience.toNanos()) {
                complaints.log(
                        host,
                        "a request has not arrived, or its answer was not read, in "
                                + Duration.ofNanos(lasted).toMillis() + " ms; disconnected");
                inner.close(true);
            } else if (lasted > patience.toNanos()) {
                inner.close(false);
            }
        }

        @Override
        public void handle(Limit limit) throws InterruptedException {
            open.add(this);
            try {
                inner.handle(limit);
            } finally {
                open.remove(this);
            }
        }

        @Override
        public Duration idleTime() {
            return inner.idleTime();
        }

        @Override
        public void close(boolean interrupt) {
            inner.close(interrupt);
        }
    }
}
