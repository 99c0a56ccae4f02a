package io.yuebing.dialect;

import io.helidon.common.buffers.DataReader;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;
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
    private @Nullable Wait headers;
    private @Nullable Thread watcher;
    private volatile boolean gone;

    private Http1Client(ConnectionContext context, SlowClients slow) {
        this.context = context;
        this.slow = slow;
    }

    /** Notes each request's connection on the connection's own thread, which also runs the handlers. */
    static Http1ConnectionListener listener(SlowClients slow) {
        return new Http1ConnectionListener() {
            @Override
            public void prologue(ConnectionContext context, HttpPrologue prologue) {
                Http1Client client = new Http1Client(context, slow);
                client.headers = slow.headers(client.host());
                ClientConnection.enter(client);
            }

            @Override
            public void headers(ConnectionContext context, Headers headers) {
                if (ClientConnection.current() instanceof Http1Client client && client.headers != null) {
                    client.headers.close();
                }
            }
        };
    }

    private String host() {
        return context.remotePeer().host();
    }

    @Override
    public Wait forBody() {
        return slow.body(host());
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
            if (!reading.join(IDLE) || gone) {
                throw new CloseConnectionException("no further request");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CloseConnectionException("the server stops", e);
        }
    }

    @Override
    public void abandon() {}
}
