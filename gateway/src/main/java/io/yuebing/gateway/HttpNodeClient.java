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
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;

/** Talks to nodes over HTTP. */
final class HttpNodeClient implements NodeClient {
    private static final Logger LOG = LoggerFactory.getLogger(HttpNodeClient.class);
    private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(2);
    /** 1 + 2 + ... + 32 seconds. */
    private static final int MOST_REPEATS = 6;

    private static final Duration TEXT_TIMEOUT = Duration.ofSeconds(30);

    private final HttpClient http;
    private final Duration reserveTimeout;
    private final Duration heartbeatLimit;

    /**
     * @param reserveTimeout how long a decode node may take to find room for a prompt
     * @param heartbeatLimit how long a node may say nothing at all
     */
    HttpNodeClient(HttpClient http, Duration reserveTimeout, Duration heartbeatLimit) {
        this.http = http;
        this.heartbeatLimit = heartbeatLimit;
        this.reserveTimeout = reserveTimeout;
    }

    @Override
    public NodeInfo info(URI uri) throws InterruptedException {
        return ask(uri, PROBE_TIMEOUT);
    }

    private NodeInfo ask(URI uri, Duration timeout) throws InterruptedException {
        NodeInfo info = read(uri, get(uri, NodeWire.INFO, timeout), new TypeReference<NodeInfo>() {});
        // The node may know itself by another name than the one under which the operator listed it.
        return new NodeInfo(info.instanceId(), uri, info.role(), info.model(), info.state());
    }

    @Override
    public Map<String, byte[]> textFiles(URI uri) throws InterruptedException {
        return read(uri, get(uri, NodeWire.TEXT_FILES, TEXT_TIMEOUT), new TypeReference<Map<String, byte[]>>() {});
    }

    @Override
    public KvTransferParams reserve(NodeInfo node, GenerateRequest wanted) throws InterruptedException {
        String attempt = wanted.requestId() + "/" + UUID.randomUUID();
        NodeWire.Reserve wish = new NodeWire.Reserve(attempt, wanted.knownTokens(), wanted.cacheSalt());
        HttpRequest request = post(node.uri(), NodeWire.RESERVE, NodeWire.bytes(wish))
                .timeout(reserveTimeout.plus(PROBE_TIMEOUT))
                .build();
        boolean granted = false;
        try {
            KvTransferParams params =
                    parse(node.uri(), request, patiently(node, request), new TypeReference<KvTransferParams>() {});
            granted = true;
            return params;
        } finally {
            if (!granted) {
                // the node may have granted it all the same, and the answer was lost
                insist(node, NodeWire.CANCEL_RESERVE, NodeWire.bytes(new NodeWire.CancelReserve(attempt)), 0);
            }
        }
    }

    /** Waits for an answer that may take long, as long as the node shows that it lives. */
    private HttpResponse<byte[]> patiently(NodeInfo node, HttpRequest request) throws InterruptedException {
        CompletableFuture<HttpResponse<byte[]>> pending =
                http.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray());
        try {
            while (true) {
                try {
                    return pending.get(heartbeatLimit.toMillis() / 3 + 1, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    var unused = ask(node.uri(), heartbeatLimit.multipliedBy(2).dividedBy(3));
                }
            }
        } catch (ExecutionException e) {
            throw noAnswer(node.uri(), request, e.getCause() == null ? e : e.getCause());
        } finally {
            pending.cancel(true);
        }
    }

    @Override
    public void release(NodeInfo node, KvTransferParams reservation) {
        insist(
                node,
                NodeWire.RELEASE,
                NodeWire.bytes(new NodeWire.Release(reservation.transferId(), reservation.generation())),
                0);
    }

    /** Sends a message until the node has taken it, with growing pauses for a minute: a hung node may wake up. */
    private void insist(NodeInfo node, String path, byte[] body, int attempt) {
        HttpRequest request =
                post(node.uri(), path, body).timeout(PROBE_TIMEOUT).build();
        var unused = http.sendAsync(request, HttpResponse.BodyHandlers.discarding())
                .exceptionally(failure -> {
                    LOG.debug("{}: {} failed", node.label(), path, failure);
                    boolean gone =
                            failure instanceof ConnectException || failure.getCause() instanceof ConnectException;
                    if (!gone && attempt < MOST_REPEATS) {
                        CompletableFuture.delayedExecutor(1L << attempt, TimeUnit.SECONDS)
                                .execute(() -> insist(node, path, body, attempt + 1));
                    }
                    return null;
                });
    }

    @Override
    public TokenStream generate(NodeInfo node, GenerateRequest request, Runnable onHeartbeat)
            throws InterruptedException {
        return new RemoteGenerator(http, node.label(), node.uri(), heartbeatLimit).generate(request, onHeartbeat);
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
            return parse(node, request, http.send(request, HttpResponse.BodyHandlers.ofByteArray()), type);
        } catch (IOException e) {
            throw noAnswer(node, request, e);
        }
    }

    private static <T> T parse(URI node, HttpRequest request, HttpResponse<byte[]> response, TypeReference<T> type) {
        if (response.statusCode() != 200) {
            throw ErrorBody.read("node " + node.getAuthority(), response.statusCode(), response.body());
        }
        try {
            return NodeWire.read(response.body(), type);
        } catch (JacksonException e) {
            throw new ServiceException(
                    ErrorCode.BAD_GATEWAY,
                    "node " + node.getAuthority() + " answered " + request.uri().getPath()
                            + " with something that is not the expected JSON: " + e.getOriginalMessage(),
                    null,
                    e);
        }
    }

    private static ServiceException noAnswer(URI node, HttpRequest request, Throwable why) {
        return new ServiceException(
                ErrorCode.BAD_GATEWAY,
                "node " + node.getAuthority() + " does not answer "
                        + request.uri().getPath() + ": " + reason(why),
                null,
                why);
    }

    private static String reason(Throwable why) {
        if (why.getMessage() != null) {
            return why.getMessage();
        }
        // the HTTP client does not say more about a refused connection
        return why instanceof ConnectException
                ? "nothing listens there"
                : why.getClass().getSimpleName();
    }
}
