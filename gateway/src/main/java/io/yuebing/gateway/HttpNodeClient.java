package io.yuebing.gateway;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import io.yuebing.dialect.ErrorBody;
import io.yuebing.dialect.NodeWire;
import io.yuebing.dialect.RemoteGenerator;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;

/** Talks to nodes over HTTP. */
final class HttpNodeClient implements NodeClient {
    private static final Logger LOG = LoggerFactory.getLogger(HttpNodeClient.class);
    private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration TEXT_TIMEOUT = Duration.ofSeconds(30);

    private final HttpClient http;
    private final Duration reserveTimeout;

    /**
     * @param reserveTimeout how long a decode node may take to find room for a prompt
     */
    HttpNodeClient(HttpClient http, Duration reserveTimeout) {
        this.http = http;
        this.reserveTimeout = reserveTimeout;
    }

    @Override
    public NodeInfo info(URI uri) throws InterruptedException {
        NodeInfo info = read(uri, get(uri, NodeWire.INFO, PROBE_TIMEOUT), new TypeReference<NodeInfo>() {});
        // The node may know itself by another name than the one under which the operator listed it.
        return new NodeInfo(info.instanceId(), uri, info.role(), info.model());
    }

    @Override
    public Map<String, byte[]> textFiles(URI uri) throws InterruptedException {
        return read(uri, get(uri, NodeWire.TEXT_FILES, TEXT_TIMEOUT), new TypeReference<Map<String, byte[]>>() {});
    }

    @Override
    public KvTransferParams reserve(NodeInfo node, String requestId, int promptTokens) throws InterruptedException {
        byte[] body = NodeWire.bytes(new NodeWire.Reserve(requestId, promptTokens));
        HttpRequest request = post(node.uri(), NodeWire.RESERVE, body)
                .timeout(reserveTimeout.plus(PROBE_TIMEOUT))
                .build();
        return read(node.uri(), request, new TypeReference<KvTransferParams>() {});
    }

    @Override
    public void release(NodeInfo node, KvTransferParams reservation) {
        byte[] body = NodeWire.bytes(new NodeWire.Release(reservation.transferId(), reservation.generation()));
        HttpRequest request =
                post(node.uri(), NodeWire.RELEASE, body).timeout(PROBE_TIMEOUT).build();
        var unused = http.sendAsync(request, HttpResponse.BodyHandlers.discarding())
                .exceptionally(failure -> {
                    LOG.debug("{}: release of {} failed", node.label(), reservation.transferId(), failure);
                    return null;
                });
    }

    @Override
    public TokenStream generate(NodeInfo node, GenerateRequest request) throws InterruptedException {
        return new RemoteGenerator(http, node.label(), node.uri()).generate(request);
    }

    private static HttpRequest get(URI uri, String path, Duration timeout) {
        return HttpRequest.newBuilder(uri.resolve(path)).timeout(timeout).build();
    }

    private static HttpRequest.Builder post(URI uri, String path, byte[] body) {
        return HttpRequest.newBuilder(uri.resolve(path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    }

    private <T> T read(URI node, HttpRequest request, TypeReference<T> type) throws InterruptedException {
        try {
            HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
            if (response.statusCode() != 200) {
                throw ErrorBody.read("node " + node.getAuthority(), response.statusCode(), response.body());
            }
            return NodeWire.read(response.body(), type);
        } catch (IOException e) {
            throw new ServiceException(
                    ErrorCode.BAD_GATEWAY,
                    "node " + node.getAuthority() + " does not answer "
                            + request.uri().getPath() + ": "
                            + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()),
                    null,
                    e);
        } catch (JacksonException e) {
            throw new ServiceException(
                    ErrorCode.BAD_GATEWAY,
                    "node " + node.getAuthority() + " answered " + request.uri().getPath()
                            + " with something that is not the expected JSON: " + e.getOriginalMessage(),
                    null,
                    e);
        }
    }
}
