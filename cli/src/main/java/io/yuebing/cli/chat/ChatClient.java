package io.yuebing.cli.chat;

import io.yuebing.api.UserError;
import io.yuebing.cli.OperationFailed;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks a server of the OpenAI API for the next message of a conversation. */
public final class ChatClient implements AutoCloseable {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(10);
    private static final String DATA = "data:";
    private static final String DONE = "[DONE]";

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .build();
    private final JsonMapper json = JsonMapper.shared();
    private final URI server;
    private final Optional<String> key;
    /** The thread that waits for an answer or reads it; guarded by this. */
    private @Nullable Thread answering;

    private volatile boolean cancelled;

    /** A message of a conversation. */
    public record Message(String role, String content) {}

    /**
     * How answers are wished.
     *
     * @param maxTokens empty = as long as the server allows
     * @param temperature empty = the model's own
     */
    public record Style(OptionalInt maxTokens, OptionalDouble temperature) {}

    /** @param key sent as {@code Authorization: Bearer} */
    public ChatClient(URI server, Optional<String> key) {
        this.server = server;
        this.key = key;
    }

    /**
     * The name of the first model that the server has.
     *
     * @throws OperationFailed if nothing answers there
     */
    public String model() throws InterruptedException {
        HttpRequest request =
                request("/v1/models").timeout(CONNECT_TIMEOUT).GET().build();
        try (InputStream body = send(request)) {
            String name = json.readTree(body).path("data").path(0).path("id").asString("");
            if (name.isEmpty()) {
                throw new OperationFailed(server + " serves no model yet; wait until its nodes are ready");
            }
            return name;
        } catch (JacksonException e) {
            throw new OperationFailed(server + " is no server of the OpenAI API: it answered with something else", e);
        } catch (IOException e) {
            throw new OperationFailed(server + " broke off: " + e.getMessage(), e);
        }
    }

    /**
     * Streams the answer.
     *
     * @param pieces gets the text as it comes
     * @return the whole text; what has come so far if {@link #cancel} was called
     */
    public String answer(String model, List<Message> conversation, Style style, Consumer<String> pieces)
            throws InterruptedException {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("model", model);
        fields.put("messages", conversation);
        fields.put("stream", true);
        style.maxTokens().ifPresent(tokens -> fields.put("max_tokens", tokens));
        style.temperature().ifPresent(temperature -> fields.put("temperature", temperature));
        HttpRequest request = request("/v1/chat/completions")
                .timeout(ANSWER_TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(json.writeValueAsBytes(fields)))
                .build();
        StringBuilder text = new StringBuilder();
        begin();
        try (InputStream body = send(request)) {
            read(body, piece -> {
                text.append(piece);
                pieces.accept(piece);
            });
        } catch (IOException e) {
            if (!cancelled) {
                throw new OperationFailed(server + " broke off: " + e.getMessage(), e);
            }
        } catch (OperationFailed | InterruptedException e) {
            if (!cancelled) {
                throw e;
            }
        } finally {
            end();
        }
        return text.toString();
    }

    private synchronized void begin() {
        cancelled = false;
        answering = Thread.currentThread();
    }

    /** Leaves no interrupt behind that a later {@link #cancel} could not mean any more. */
    private synchronized void end() {
        answering = null;
        if (cancelled) {
            Thread.interrupted();
        }
    }

    /** Stops the running answer, also while its first piece is awaited; false if none is running. */
    public synchronized boolean cancel() {
        if (answering == null) {
            return false;
        }
        cancelled = true;
        answering.interrupt();
        return true;
    }

    private void read(InputStream body, Consumer<String> pieces) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null && !cancelled; line = lines.readLine()) {
            String data = line.startsWith(DATA) ? line.substring(DATA.length()).strip() : "";
            if (data.equals(DONE)) {
                return;
            }
            if (!data.isEmpty()) {
                piece(data).ifPresent(pieces);
            }
        }
    }

    private Optional<String> piece(String data) throws IOException {
        try {
            JsonNode event = json.readTree(data);
            if (event.has("error")) {
                throw new OperationFailed(message(event).orElse(data));
            }
            String content =
                    event.path("choices").path(0).path("delta").path("content").asString("");
            return content.isEmpty() ? Optional.empty() : Optional.of(content);
        } catch (JacksonException e) {
            throw new IOException("an event of the stream is not JSON: " + data, e);
        }
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve(path));
        key.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
        return request;
    }

    private InputStream send(HttpRequest request) throws InterruptedException {
        try {
            HttpResponse<InputStream> answer = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
            if (answer.statusCode() != 200) {
                throw refusal(answer);
            }
            return answer.body();
        } catch (ConnectException e) {
            throw new OperationFailed(
                    "no gateway answers at " + server
                            + "; start one with './yuebing up', or name another with --gateway",
                    e);
        } catch (HttpTimeoutException e) {
            throw new OperationFailed(server + " does not answer in time", e);
        } catch (IOException e) {
            throw new OperationFailed("cannot talk to " + server + ": " + e.getMessage(), e);
        }
    }

    private RuntimeException refusal(HttpResponse<InputStream> answer) throws IOException {
        String said = new String(answer.body().readAllBytes(), StandardCharsets.UTF_8);
        Optional<String> reason;
        try {
            reason = message(json.readTree(said));
        } catch (JacksonException e) {
            reason = Optional.empty();
        }
        String sentence = server + " answered HTTP " + answer.statusCode()
                + reason.map(text -> ": " + text).orElse("");
        return answer.statusCode() == 401 || answer.statusCode() == 403
                ? new UserError(sentence + "; give the key with --api-key")
                : new OperationFailed(sentence);
    }

    private static Optional<String> message(JsonNode body) {
        String text = body.path("error").path("message").asString("");
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
