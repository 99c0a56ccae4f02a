package io.yuebing.transfer.mooncake;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads and writes entries of an HTTP metadata server; the limits of time are Mooncake's own. */
final class MetadataClient implements AutoCloseable {
    private static final Duration CONNECT_TIMEOUT = Duration.ofMillis(1500);
    private static final Duration TIMEOUT = Duration.ofSeconds(3);
    private static final String PREFIX = "mooncake/";

    private final URI server;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .build();

    MetadataClient(URI server) {
        this.server = server;
    }

    /** Key of a segment's descriptor; a name with a slash is taken for the path itself. */
    static String segmentKey(String segment) {
        return PREFIX + (segment.contains("/") ? "" : "ram/") + segment;
    }

    /** Key of the address of a segment's handshake daemon. */
    static String daemonKey(String segment) {
        return PREFIX + "rpc_meta/" + segment;
    }

    Optional<JsonNode> get(String key) throws IOException {
        HttpResponse<String> response = send("GET", key, BodyPublishers.noBody());
        if (response.statusCode() == 404) {
            return Optional.empty();
        }
        requireOk("GET", key, response);
        try {
            return Optional.of(JsonMapper.shared().readTree(response.body()));
        } catch (JacksonException e) {
            throw new IOException(
                    "the metadata server " + server + " answered with something else than JSON for '" + key + "': "
                            + e.getOriginalMessage(),
                    e);
        }
    }

    void put(String key, JsonNode value) throws IOException {
        BodyPublisher body = BodyPublishers.ofString(JsonMapper.shared().writeValueAsString(value));
        requireOk("PUT", key, send("PUT", key, body));
    }

    /** An entry that is not there is no failure. */
    void delete(String key) throws IOException {
        HttpResponse<String> response = send("DELETE", key, BodyPublishers.noBody());
        if (response.statusCode() != 404) {
            requireOk("DELETE", key, response);
        }
    }

    private HttpResponse<String> send(String method, String key, BodyPublisher body) throws IOException {
        String encoded = URLEncoder.encode(key, StandardCharsets.UTF_8).replace("+", "%20");
        HttpRequest request = HttpRequest.newBuilder(URI.create(server + "?key=" + encoded))
                .method(method, body)
                .header("Content-Type", "application/json")
                .timeout(TIMEOUT)
                .build();
        try {
            return http.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            throw new IOException(
                    "the metadata server " + server + " cannot be reached: " + why + "; is it running?", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for the metadata server " + server, e);
        }
    }

    private void requireOk(String method, String key, HttpResponse<String> response) throws IOException {
        if (response.statusCode() != 200) {
            throw new IOException("the metadata server " + server + " answered " + method + " of '" + key
                    + "' with status " + response.statusCode() + ": "
                    + response.body().strip().lines().findFirst().orElse("no text"));
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
