package io.yuebing.dialect;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.task.InterruptableTask;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionListener;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Accepts HTTP/1.1 connections whose handlers learn that a client is gone, and whose requests have to arrive in good time
 * and in bounded memory.
 *
 * <p>Helidon 4.5 bounds neither how long a request line, headers or a body take byte by byte, nor the memory of one
 * announced chunk. So each connection reads through an {@link Input}.
 */
final class Http1Connections implements ServerConnectionSelector {
    /** What a line, headers or a chunk may have beside the longest body. */
    private static final int SLACK_BYTES = 1 << 20;

    private final SlowClients slow;
    private final RestingConnections resting;
    private final long maxHeldBytes;
    private final Http1ConnectionSelector helidon = Http1ConnectionSelector.builder()
            .config(Http1Config.builder().addReceiveListener(new Listener()).build())
            .build();

    Http1Connections(SlowClients slow, RestingConnections resting, int maxBodyBytes) {
        this.slow = slow;
        this.resting = resting;
        this.maxHeldBytes = (long) maxBodyBytes + SLACK_BYTES;
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
        Input input = new Input(context.dataReader(), context.remotePeer().host());
        ReadThrough through = ReadThrough.of(context, input);
        ServerConnection connection = helidon.connection(through);
        input.of(connection, through.dataReader());
        ClientConnection.enter(new Http1Client(through, slow, resting));
        return connection;
    }

    /** Follows each connection from request to request, on its own thread, which also runs the handlers. */
    private final class Listener implements Http1ConnectionListener {
        @Override
        public void prologue(ConnectionContext context, HttpPrologue prologue) {
            ClientConnection.enter(new Http1Client(context, slow, resting));
            if (context instanceof ReadThrough(ConnectionContext _, Input input, DataReader _)) {
                input.headersBegin();
            }
        }

        @Override
        public void headers(ConnectionContext context, Headers headers) {
            if (context instanceof ReadThrough(ConnectionContext _, Input input, DataReader _)) {
                input.bodyBegins();
            }
        }
    }

    /** What a client sends, as long as it does not take too long for a request that it has begun. */
    private final class Input implements Supplier<byte[]> {
        private final DataReader source;
        private final String host;
        private final SlowClients.Allowance headers;
        private final SlowClients.Allowance body;
        private final Thread owner = Thread.currentThread();
        private @Nullable InterruptableTask<?> connection;
        private @Nullable DataReader held;
        private boolean lineBegun;
        private boolean inBody;

        Input(DataReader source, String host) {
            this.source = source;
            this.host = host;
            this.headers = slow.forHeaders(host);
            this.body = slow.forBody(host);
        }

        void of(ServerConnection its, DataReader reader) {
            connection = its instanceof InterruptableTask<?> task ? task : null;
            held = reader;
        }

        void headersBegin() {
            inBody = false;
            lineBegun = false;
        }

        void bodyBegins() {
            inBody = true;
            headers.renew();
            body.renew();
        }

        @Override
        public byte[] get() {
            if (held != null && held.available() > maxHeldBytes) {
                slow.complain(host, "its request has more than " + maxHeldBytes + " bytes in one piece");
                throw new CloseConnectionException("a request line, header or chunk is too long");
            }
            if (Thread.currentThread() != owner) { // looks out for the client going away
                return ReadThrough.arrived(source);
            }
            if (connection != null && connection.canInterrupt()) {
                return line();
            }
            return (inBody ? body : headers).read(() -> ReadThrough.arrived(source));
        }

        /** Bytes of a request line; before the first one a connection may idle. */
        private byte[] line() {
            inBody = false;
            if (lineBegun) {
                return headers.read(() -> ReadThrough.arrived(source));
            }
            byte[] first = ReadThrough.arrived(source);
            lineBegun = true;
            return first;
        }
    }
}
