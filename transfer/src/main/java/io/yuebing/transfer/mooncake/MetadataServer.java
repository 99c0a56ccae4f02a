package io.yuebing.transfer.mooncake;

import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The HTTP metadata server of a Mooncake cluster: entries by key, in memory.
 *
 * <p>An address of a handshake daemon is not replaced by another one while it is there, so that two processes with one name
 * do not take each other's peers.
 */
public final class MetadataServer implements AutoCloseable {
    private static final String PATH = "/metadata";
    private static final int MAX_VALUE_BYTES = 1 << 20;
    private static final int MAX_ENTRIES = 1 << 16;
    private static final long MAX_BYTES = 256L << 20;

    private final Map<String, String> entries = new HashMap<>();
    private long bytes;
    private final BriefConnections connections;
    private final WebServer server;

    private MetadataServer(String host, int port, Duration patience) {
        connections = new BriefConnections(patience);
        server = WebServer.builder()
                .host(host)
                .port(port)
                .shutdownHook(false)
                .shutdownGracePeriod(Duration.ofMillis(100))
                .maxPayloadSize(MAX_VALUE_BYTES)
                .protocolsDiscoverServices(false)
                .addConnectionSelector(connections)
                .routing(routes -> routes.any(MetadataServer::requireLength)
                        .get(PATH, this::get)
                        .put(PATH, this::put)
                        .delete(PATH, this::delete)
                        .get("/health", (_, response) -> response.send("OK")))
                .build();
    }

    /**
     * Binds and serves.
     *
     * @param port 0 = any free one
     * @throws IOException if the address cannot be bound, as a sentence
     */
    public static MetadataServer start(String host, int port) throws IOException {
        return start(host, port, BriefConnections.USUAL);
    }

    static MetadataServer start(String host, int port, Duration patience) throws IOException {
        // Helidon does not throw when it cannot bind but logs a stack trace
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(host, port));
        } catch (IOException | IllegalArgumentException e) {
            throw new IOException(
                    "cannot listen on " + host + ":" + port + ": " + e.getMessage() + "; choose another --listen", e);
        }
        MetadataServer metadata = new MetadataServer(host, port, patience);
        metadata.server.start();
        return metadata;
    }

    public int port() {
        return server.port();
    }

    /** Mooncake's processes send values of known length; of chunks Helidon bounds their sum only after it has read them. */
    private static void requireLength(ServerRequest request, ServerResponse response) {
        if (request.headers().contains(HeaderNames.TRANSFER_ENCODING)) {
            response.header(HeaderValues.CONNECTION_CLOSE);
            answer(response, Status.LENGTH_REQUIRED_411, "a value needs a Content-Length");
        } else {
            response.next();
        }
    }

    private void get(ServerRequest request, ServerResponse response) {
        String key = key(request, response);
        if (key == null) {
            return;
        }
        String value;
        synchronized (entries) {
            value = entries.get(key);
        }
        if (value == null) {
            answer(response, Status.NOT_FOUND_404, "metadata not found");
        } else {
            response.header("Content-Type", "application/json").send(value);
        }
    }

    private void put(ServerRequest request, ServerResponse response) {
        String key = key(request, response);
        if (key == null) {
            return;
        }
        String value = request.content().as(String.class);
        JsonNode parsed = json(value);
        if (parsed == null) {
            answer(response, Status.BAD_REQUEST_400, "the value of '" + key + "' is not JSON");
            return;
        }
        synchronized (entries) {
            String present = entries.get(key);
            if (present != null && key.contains("rpc_meta") && !parsed.equals(json(present))) {
                answer(response, Status.BAD_REQUEST_400, "Duplicate rpc_meta key not allowed");
                return;
            }
            long grown = bytes + size(key, value) - (present == null ? 0 : size(key, present));
            if (grown > MAX_BYTES || (present == null && entries.size() >= MAX_ENTRIES)) {
                answer(response, Status.INSUFFICIENT_STORAGE_507, "the metadata server is full");
                return;
            }
            entries.put(key, value);
            bytes = grown;
        }
        answer(response, Status.OK_200, "metadata updated");
    }

    private void delete(ServerRequest request, ServerResponse response) {
        String key = key(request, response);
        if (key == null) {
            return;
        }
        String removed;
        synchronized (entries) {
            removed = entries.remove(key);
            bytes -= removed == null ? 0 : size(key, removed);
        }
        if (removed == null) {
            answer(response, Status.NOT_FOUND_404, "metadata not found");
        } else {
            answer(response, Status.OK_200, "metadata deleted");
        }
    }

    private static @Nullable String key(ServerRequest request, ServerResponse response) {
        String key = request.query().first("key").orElse("").strip();
        if (key.isEmpty()) {
            answer(response, Status.BAD_REQUEST_400, "metadata key is required");
            return null;
        }
        return key;
    }

    private static void answer(ServerResponse response, Status status, String text) {
        response.status(status).send(text);
    }

    private static @Nullable JsonNode json(String text) {
        try {
            return JsonMapper.shared().readTree(text);
        } catch (JacksonException _) {
            return null;
        }
    }

    private static long size(String key, String value) {
        return 2L * (key.length() + value.length());
    }

    @Override
    public void close() {
        server.stop();
        connections.close();
    }
}
