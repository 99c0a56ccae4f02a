package io.yuebing.dialect;

import io.helidon.common.buffers.DataReader;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The connection under one HTTP/1.1 request, watched for the client going away while the handler waits for tokens.
 *
 * <p>Once the body is read, nothing but end-of-file (or an early next request) can arrive; so a virtual thread reads
 * ahead on the connection. It is the connection's only reader until {@link #release} has returned:
 *
 * <pre>
 *   handler:  read body | watch() ... gone()? ... send answer | release() = waits for the next byte | back to Helidon
 *   watcher:            | read: next byte -> kept in the reader's buffer; end-of-file -> gone        |
 * </pre>
 */
final class Http1Client implements ClientConnection {
    /** Longest wait of a kept-alive connection for its next request. */
    private static final Duration IDLE = Duration.ofMinutes(5);

    private final ConnectionContext context;
    private final SlowClients slow;
    private final RestingConnections resting;
    private @Nullable Thread watcher;
    private volatile boolean gone;

    Http1Client(ConnectionContext context, SlowClients slow, RestingConnections resting) {
        this.context = context;
        this.slow = slow;
        this.resting = resting;
    }

    private String host() {
        return context.remotePeer().host();
    }

    /** Nothing to begin: each connection bounds what it reads, also what no handler asks for. */
    @Override
    public Wait forBody() {
        return () -> {};
    }

    @Override
    public Wait forReader() {
        return slow.piece(host());
    }

    @Override
    public void watch() {
        if (watcher != null) {
            return;
        }
        DataReader reader = context.dataReader();
        watcher = Thread.ofVirtual().name("client-watch").start(() -> {
            try {
                reader.ensureAvailable();
            } catch (RuntimeException endOfFileOrReset) {
                gone = true;
            }
        });
    }

    @Override
    public boolean gone() {
        return gone;
    }

    @Override
    public void release() {
        Thread reading = watcher;
        if (reading == null) {
            return;
        }
        try {
            if (!resting.rest(reading, IDLE) || gone) {
                throw new CloseConnectionException("no further request");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CloseConnectionException("the server stops", e);
        }
    }

    @Override
    public void abandon() {}

    @Override
    public void complain(String why) {
        slow.complain(host(), why);
    }
}
