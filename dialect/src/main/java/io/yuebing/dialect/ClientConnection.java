package io.yuebing.dialect;

import io.helidon.common.buffers.DataReader;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The connection under one HTTP/1.1 request, watched for the client going away while the handler waits for tokens.
 *
 * <p>Helidon tells a handler about a disconnect only when a write fails, so a request that is not streamed would run to
 * its end for nobody. Once the body is read, nothing but end-of-file (or an early next request) can arrive; so a virtual
 * thread reads ahead on the connection. It is the connection's only reader until {@link #release} has returned:
 *
 * <pre>
 *   handler:  read body | watch() ... gone()? ... send answer | release() = waits for the next byte | back to Helidon
 *   watcher:            | read: next byte -> kept in the reader's buffer; end-of-file -> gone        |
 * </pre>
 */
final class ClientConnection {
    private static final ThreadLocal<@Nullable ConnectionContext> CURRENT = new ThreadLocal<>();

    /** Longest wait of a kept-alive connection for its next request. */
    private static final Duration IDLE = Duration.ofMinutes(5);

    private final @Nullable ConnectionContext context;
    private @Nullable Thread watcher;
    private volatile boolean gone;

    private ClientConnection(@Nullable ConnectionContext context) {
        this.context = context;
    }

    /** Remembers each connection on its own thread, which also runs the handlers. */
    static Http1ConnectionListener listener() {
        return new Http1ConnectionListener() {
            @Override
            public void prologue(ConnectionContext context, HttpPrologue prologue) {
                CURRENT.set(context);
            }
        };
    }

    /** The connection whose request the calling thread handles. */
    static ClientConnection current() {
        return new ClientConnection(CURRENT.get());
    }

    /** Starts watching; the request's body must have been read. */
    void watch() {
        if (context == null || watcher != null) {
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

    /** Whether the client has closed its side. */
    boolean gone() {
        return gone;
    }

    /** Gives the connection back for its next request; returns when that begins or throws to close the connection. */
    void release() {
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
}
