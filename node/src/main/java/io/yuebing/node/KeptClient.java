package io.yuebing.node;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.KvPull;
import io.yuebing.api.KvRendezvous;
import io.yuebing.api.ServiceException;
import io.yuebing.dialect.ErrorBody;
import io.yuebing.dialect.NoTls;
import io.yuebing.dialect.NodeWire;
import io.yuebing.dialect.WireFormat;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Asks a prefill node where it keeps a prompt, for as long as it takes to compute it. */
final class KeptClient implements AutoCloseable {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);

    private final Duration patience;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .sslContext(NoTls.context())
            .connectTimeout(CONNECT_TIMEOUT)
            .build();

    /** @param patience how long a prompt may take */
    KeptClient(Duration patience) {
        this.patience = patience;
    }

    /**
     * Waits until the prompt is computed.
     *
     * @throws ServiceException {@link ErrorCode#BAD_GATEWAY} with parameter {@code kv_transfer_params} if it cannot be
     *     had, in one sentence
     */
    KvPull await(KvRendezvous meeting) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            HttpResponse<byte[]> answer = ask(meeting);
            if (answer.statusCode() == 200) {
                return kept(meeting, answer.body());
            }
            if (answer.statusCode() != NodeRoutes.NOT_YET) {
                throw failed(
                        meeting,
                        ErrorBody.read("the node", answer.statusCode(), answer.body())
                                .getMessage(),
                        null);
            }
            if (System.nanoTime() - deadline >= 0) {
                throw failed(meeting, "it did not come within " + patience.toSeconds() + " s", null);
            }
        }
    }

    private HttpResponse<byte[]> ask(KvRendezvous meeting) throws InterruptedException {
        URI uri = meeting.bootstrap()
                .resolve(NodeWire.KEPT + "?name=" + URLEncoder.encode(meeting.name(), StandardCharsets.UTF_8));
        HttpRequest request = HttpRequest.newBuilder(uri)
                .timeout(NodeRoutes.LONGEST_WAIT.multipliedBy(3))
                .build();
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException e) {
            throw failed(meeting, "no answer (" + e.getClass().getSimpleName() + ")", e);
        }
    }

    private static KvPull kept(KvRendezvous meeting, byte[] body) {
        KvPull kept;
        try {
            kept = WireFormat.kvPull((ObjectNode) JsonMapper.shared().readTree(body));
        } catch (JacksonException | ClassCastException | ServiceException e) {
            throw failed(meeting, "its answer is not the expected JSON", e);
        }
        if (meeting.engineId().filter(id -> !id.equals(kept.engineId())).isPresent()) {
            throw failed(
                    meeting,
                    "the node there is engine " + kept.engineId() + ", remote_engine_id says "
                            + meeting.engineId().get() + "; it may have been restarted",
                    null);
        }
        return kept.forReaders(meeting.readers());
    }

    private static ServiceException failed(KvRendezvous meeting, @Nullable String why, @Nullable Throwable cause) {
        return new ServiceException(
                ErrorCode.BAD_GATEWAY,
                "the KV cache of " + meeting.name() + " could not be had from " + meeting.bootstrap() + ": " + why,
                "kv_transfer_params",
                cause);
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
