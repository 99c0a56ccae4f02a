package io.yuebing.dialect;

import io.helidon.http.DirectHandler;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.DirectHandler.TransportResponse;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.yuebing.api.ErrorCode;
import io.yuebing.api.UserError;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP server on one address: HTTP/1.1, and HTTP/2 for clients that begin with it (prior knowledge).
 */
public final class HttpListener implements AutoCloseable {
    private final WebServer server;
    private final SlowClients slow;
    private final RestingConnections resting;

    private HttpListener(WebServer server, SlowClients slow, RestingConnections resting) {
        this.server = server;
        this.slow = slow;
        this.resting = resting;
    }

    /**
     * Binds and serves.
     *
     * @param port 0 = any free one
     * @throws UserError if the address cannot be bound
     */
    public static HttpListener start(String host, int port, ApiRoutes routes) {
        return start(host, port, routes, SlowClients.Patience.USUAL);
    }

    static HttpListener start(String host, int port, ApiRoutes routes, SlowClients.Patience patience) {
        requireBindable(host, port);
        SlowClients slow = new SlowClients(patience);
        RestingConnections resting = new RestingConnections();
        WebServer server = WebServer.builder()
                .host(host)
                .port(port)
                .shutdownHook(false)
                .connectionOptions(options -> options.tcpNoDelay(true))
                .shutdownGracePeriod(Duration.ofSeconds(1))
                .protocolsDiscoverServices(false)
                .addConnectionSelector(new Http2Connections(slow))
                .addConnectionSelector(new Http1Connections(slow, resting, routes.maxBodyBytes()))
                .directHandlers(errorBodies())
                .routing(routes::addTo)
                .build();
        server.start();
        if (!server.isRunning()) {
            slow.close();
            throw cannotListen(host, port, "the address was taken meanwhile");
        }
        return new HttpListener(server, slow, resting);
    }

    /** The port that is bound. */
    public int port() {
        return server.port();
    }

    /** Stops accepting, ends connections that wait for a request at once and others after a second. */
    @Override
    public void close() {
        resting.end();
        server.stop();
        slow.close();
    }

    /** Tries the address first: Helidon does not throw when it cannot bind but logs a stack trace. */
    private static void requireBindable(String host, int port) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(host, port));
        } catch (IOException | IllegalArgumentException e) {
            throw cannotListen(host, port, String.valueOf(e.getMessage()));
        }
    }

    private static UserError cannotListen(String host, int port, String why) {
        return new UserError("Cannot listen on " + host + ":" + port + ": " + why
                + "; choose another port or stop the process that uses it");
    }

    /** What Helidon itself refuses (bad request lines, headers too long) is told in the same form as our errors. */
    private static DirectHandlers errorBodies() {
        DirectHandler handler = new JsonDirectHandler();
        DirectHandlers.Builder handlers = DirectHandlers.builder();
        for (EventType type : EventType.values()) {
            handlers.addHandler(type, handler);
        }
        return handlers.build();
    }

    private static final class JsonDirectHandler implements DirectHandler {
        @Override
        public TransportResponse handle(
                TransportRequest request,
                EventType type,
                Status status,
                ServerResponseHeaders headers,
                @Nullable String message) {
            ErrorCode code = Arrays.stream(ErrorCode.values())
                    .filter(candidate -> candidate.httpStatus() == status.code())
                    .findFirst()
                    .orElse(status.code() < 500 ? ErrorCode.INVALID_REQUEST : ErrorCode.INTERNAL);
            String text = message == null || message.isBlank() ? status.reasonPhrase() : message;
            ClientConnection.current().complain("its request cannot be read: " + text);
            return TransportResponse.builder()
                    .status(status)
                    .headers(headers)
                    .header(HeaderNames.CONTENT_TYPE, "application/json")
                    .entity(Json.bytes(ErrorBody.of(code, text, null)))
                    .build();
        }
    }
}
