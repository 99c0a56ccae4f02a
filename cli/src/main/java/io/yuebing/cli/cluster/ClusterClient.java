package io.yuebing.cli.cluster;

import io.yuebing.api.NodeInfo;
import io.yuebing.dialect.NoTls;
import io.yuebing.dialect.NodeWire;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;

/** Asks a gateway and its nodes how they are. */
public final class ClusterClient implements AutoCloseable {
    private static final String METRICS = "/metrics";

    private final Duration patience;
    private final HttpClient http;

    /** @param patience for each answer */
    public ClusterClient(Duration patience) {
        this.patience = patience;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(NoTls.context())
                .connectTimeout(patience)
                .build();
    }

    /** The live nodes that a gateway knows. */
    public List<NodeInfo> nodes(URI gateway) throws IOException, InterruptedException {
        return read(gateway, NodeWire.NODES, new TypeReference<>() {});
    }

    /** The nodes that a gateway should have and has not. */
    public List<NodeWire.MissingNode> missing(URI gateway) throws IOException, InterruptedException {
        return read(gateway, NodeWire.MISSING, new TypeReference<>() {});
    }

    /** Who a node is. */
    public NodeInfo info(URI node) throws IOException, InterruptedException {
        return read(node, NodeWire.INFO, new TypeReference<>() {});
    }

    /** What a server's wall clock shows. */
    public NodeWire.Clock clock(URI server) throws IOException, InterruptedException {
        return read(server, NodeWire.CLOCK, new TypeReference<>() {});
    }

    /** Where a node takes in KV blocks. */
    public NodeWire.TransferPoint transferPoint(URI node) throws IOException, InterruptedException {
        return read(node, NodeWire.TRANSFER, new TypeReference<>() {});
    }

    public Exposition metrics(URI server) throws IOException, InterruptedException {
        return Exposition.parse(new String(get(server, METRICS), StandardCharsets.UTF_8));
    }

    private <T> T read(URI server, String path, TypeReference<T> type) throws IOException, InterruptedException {
        try {
            return NodeWire.read(get(server, path), type);
        } catch (JacksonException e) {
            throw new ForeignServerException(
                    server + " is no server of Yuebing: its answer to " + path + " is not understood", e);
        }
    }

    /** @throws IOException with a sentence for people */
    private byte[] get(URI server, String path) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(server.resolve(path)).timeout(patience).build();
        HttpResponse<byte[]> answer;
        try {
            answer = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (HttpConnectTimeoutException e) {
            throw new IOException(
                    server + " cannot be reached: no connection within " + patience.toMillis() + " ms", e);
        } catch (HttpTimeoutException e) {
            throw new IOException(server + " did not answer within " + patience.toMillis() + " ms", e);
        } catch (ConnectException e) {
            throw new IOException(server + " cannot be reached: nothing listens there", e);
        } catch (IOException e) {
            throw new IOException(
                    server + " gave no answer: "
                            + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()),
                    e);
        }
        if (answer.statusCode() != 200) {
            throw new ForeignServerException(server + " answered " + path + " with HTTP " + answer.statusCode(), null);
        }
        return answer.body();
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
