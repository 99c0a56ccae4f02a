package io.yuebing.dialect;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.Generator;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * A generator in another process, reached through its {@link GenerateEndpoint}.
 *
 * <p>Closing a stream early closes its connection, which cancels the generation there. A peer that cannot be reached,
 * breaks off, or sends neither an event nor a heartbeat for some seconds is a {@link ErrorCode#BAD_GATEWAY}; the cause of
 * the last is an {@link HttpTimeoutException}.
 */
public final class RemoteGenerator implements Generator {
    /** Ten heartbeats. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private static final int LONGEST_ERROR = 64 << 10;

    private final HttpClient client;
    private final String peer;
    private final URI uri;
    private final Duration silence;

    /**
     * @param client see {@link #newClient}
     * @param peer names the process in error messages, for instance {@code decode node 10.0.0.7:8200}
     * @param baseUri its HTTP address, for instance {@code http://10.0.0.7:8200}
     */
    public RemoteGenerator(HttpClient client, String peer, URI baseUri) {
        this(client, peer, baseUri, SILENCE);
    }

    /** @param silence how long the process may send nothing; it sends a heartbeat every half second */
    public RemoteGenerator(HttpClient client, String peer, URI baseUri, Duration silence) {
        this.client = client;
        this.peer = peer;
        this.uri = baseUri.resolve(GenerateEndpoint.PATH);
        this.silence = silence;
    }

    /** A client fit for many long answers at once; one serves all peers. HTTP/1.1, so that closing cancels. */
    public static HttpClient newClient() {
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(NoTls.context())
                .connectTimeout(Duration.ofSeconds(2))
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
    }

    @Override
    public TokenStream generate(GenerateRequest request) throws InterruptedException {
        return generate(request, () -> {});
    }

    /**
     * Starts one sequence.
     *
     * @param onHeartbeat called by the reader of the stream for each heartbeat; what it throws, the reader gets
     */
    public TokenStream generate(GenerateRequest request, Runnable onHeartbeat) throws InterruptedException {
        HttpRequest post = HttpRequest.newBuilder(uri)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(Json.bytes(WireFormat.request(request))))
                .build();
        EventLines lines = new EventLines();
        HttpResponse<?> response = send(post, lines);
        if (response.statusCode() != 200) {
            throw ErrorBody.read(peer, response.statusCode(), errorBody(lines));
        }
        return new RemoteStream(lines, onHeartbeat);
    }

    private HttpResponse<?> send(HttpRequest post, EventLines lines) throws InterruptedException {
        CompletableFuture<? extends HttpResponse<?>> pending = client.sendAsync(post, info -> {
            BodySubscriber<Publisher<List<ByteBuffer>>> body = BodySubscribers.ofPublisher();
            return BodySubscribers.mapping(body, publisher -> {
                publisher.subscribe(lines);
                return publisher;
            });
        });
        try {
            return pending.get(silence.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            pending.cancel(true);
            lines.cancel();
            throw silent();
        } catch (InterruptedException e) {
            pending.cancel(true);
            lines.cancel();
            throw e;
        } catch (ExecutionException e) {
            throw unreachable(e.getCause() == null ? e : e.getCause());
        }
    }

    private byte[] errorBody(EventLines lines) throws InterruptedException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (body.size() < LONGEST_ERROR && lines.next(silence.toNanos()) instanceof EventLines.Line(byte[] bytes)) {
            body.writeBytes(bytes);
        }
        lines.drain();
        return body.toByteArray();
    }

    private ServiceException unreachable(Throwable cause) {
        String why = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return new ServiceException(
                ErrorCode.BAD_GATEWAY, peer + " at " + uri.getAuthority() + " failed: " + why, null, cause);
    }

    private ServiceException silent() {
        return new ServiceException(
                ErrorCode.BAD_GATEWAY,
                peer + " at " + uri.getAuthority() + " sent nothing for " + silence.toMillis()
                        + " ms, although it sends a heartbeat every " + GenerateEndpoint.HEARTBEAT.toMillis() + " ms",
                null,
                new HttpTimeoutException("no heartbeat"));
    }

    /** The events of one answer. */
    private final class RemoteStream implements TokenStream {
        private final EventLines lines;
        private final Runnable onHeartbeat;
        private boolean over;

        RemoteStream(EventLines lines, Runnable onHeartbeat) {
            this.lines = lines;
            this.onHeartbeat = onHeartbeat;
        }

        @Override
        public GenerateEvent next() throws InterruptedException {
            while (true) {
                EventLines.@Nullable Arrival arrival = lines.next(silence.toNanos());
                if (arrival instanceof EventLines.Line(byte[] bytes)) {
                    if (bytes.length > 0) {
                        return event(bytes);
                    }
                    onHeartbeat.run();
                } else if (arrival instanceof EventLines.End(Throwable failure)) {
                    over = true;
                    throw failure == null
                            ? unreachable(
                                    new IllegalStateException("it ended the stream before the generation was over"))
                            : unreachable(failure);
                } else {
                    throw silent();
                }
            }
        }

        private GenerateEvent event(byte[] bytes) {
            try {
                JsonNode line = Json.read(bytes);
                if (line.path("error").isObject()) {
                    over = true;
                    lines.drain();
                    throw ErrorBody.read(peer, ErrorCode.BAD_GATEWAY.httpStatus(), line.get("error"));
                }
                GenerateEvent event = WireFormat.event(line);
                if (event instanceof GenerateEvent.Finished) {
                    over = true;
                    lines.drain();
                }
                return event;
            } catch (JacksonException | IllegalArgumentException e) {
                String text = new String(bytes, 0, Math.min(bytes.length, 200), StandardCharsets.UTF_8);
                throw new ServiceException(
                        ErrorCode.BAD_GATEWAY,
                        peer + " at " + uri.getAuthority() + " sent a line that is no event: " + text,
                        null,
                        e);
            }
        }

        @Override
        public void close() {
            if (!over) {
                over = true;
                lines.cancel();
            }
        }
    }
}
