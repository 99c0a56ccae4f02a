package io.yuebing.bench.serving;

import io.yuebing.api.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.LongSupplier;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Sends streaming requests to a server that speaks the OpenAI API, and notes when pieces arrive.
 *
 * <p>A virtual thread blocks on each stream and reads the clock as soon as an event's line is there, before its JSON is
 * looked at. What the client adds is the way from the socket to that thread, some tens of microseconds on an idle core.
 */
final class OpenAiClient implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration ANSWER = Duration.ofMinutes(10);
    private static final String DATA = "data:";

    private final ServingOptions options;
    private final String model;
    private final HttpClient http;

    private OpenAiClient(ServingOptions options, String model, HttpClient http) {
        this.options = options;
        this.model = model;
        this.http = http;
    }

    /**
     * Connects and finds out the model's name if none is given.
     *
     * @throws UserError if the server does not answer or names no model
     */
    static OpenAiClient connect(ServingOptions options) throws InterruptedException {
        HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT)
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
        Optional<String> named = options.model();
        return new OpenAiClient(options, named.isPresent() ? named.get() : firstModel(options, http), http);
    }

    private static String firstModel(ServingOptions options, HttpClient http) throws InterruptedException {
        URI uri = options.url().resolve("/v1/models");
        try {
            HttpResponse<String> answer = http.send(
                    authorised(options, uri).timeout(CONNECT).GET().build(), HttpResponse.BodyHandlers.ofString());
            JsonNode id = JsonMapper.shared().readTree(answer.body()).at("/data/0/id");
            if (answer.statusCode() != 200 || !id.isString()) {
                throw new UserError(uri + " names no model (HTTP " + answer.statusCode() + "); say one with --model");
            }
            return id.asString();
        } catch (IOException e) {
            throw new UserError("no answer from " + uri + ": " + reason(e) + "; is the server running?", e);
        } catch (JacksonException e) {
            throw new UserError(uri + " answers no JSON; is it an OpenAI server? Say a model with --model", e);
        }
    }

    String model() {
        return model;
    }

    private static HttpRequest.Builder authorised(ServingOptions options, URI uri) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri);
        options.apiKey().ifPresent(key -> request.header("Authorization", "Bearer " + key));
        return request;
    }

    /**
     * Sends a request and reads the whole answer; never fails, but records failures.
     *
     * @param clock nanoseconds since the start of the measurement
     * @param intended when the request should have been sent
     */
    RequestRecord send(String prompt, int outputTokens, LongSupplier clock, long intended) throws InterruptedException {
        Answer answer = new Answer();
        Optional<String> failure;
        try {
            HttpResponse<InputStream> response =
                    http.send(request(prompt, outputTokens), HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = response.body()) {
                failure = response.statusCode() == 200
                        ? answer.read(body, clock)
                        : Optional.of("HTTP " + response.statusCode());
            }
        } catch (IOException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedException("the request was given up");
            }
            failure = Optional.of(reason(e));
        }
        return answer.record(intended, clock.getAsLong(), failure);
    }

    private HttpRequest request(String prompt, int outputTokens) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("model", model);
        if (options.chat()) {
            body.put("messages", List.of(Map.of("role", "user", "content", prompt)));
        } else {
            body.put("prompt", prompt);
        }
        body.put("max_tokens", outputTokens);
        body.put("temperature", 0);
        body.put("ignore_eos", true);
        body.put("stream", true);
        body.put("stream_options", Map.of("include_usage", true));
        URI uri = options.url().resolve(options.chat() ? "/v1/chat/completions" : "/v1/completions");
        return authorised(options, uri)
                .timeout(ANSWER)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JsonMapper.shared().writeValueAsString(body)))
                .build();
    }

    private static String reason(IOException e) {
        return switch (e) {
            case ConnectException refused -> "connection refused";
            case java.net.http.HttpTimeoutException late -> "timeout";
            default -> "connection lost";
        };
    }

    @Override
    public void close() {
        http.shutdownNow();
    }

    /** What has arrived of one answer. */
    private static final class Answer {
        private final List<Long> arrivals = new ArrayList<>();
        private int promptTokens;
        private int outputTokens;
        private boolean counted;

        /** Reads server-sent events to the end; returns the kind of failure, if any. */
        Optional<String> read(InputStream body, LongSupplier clock) throws IOException {
            BufferedReader lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                long now = clock.getAsLong();
                if (!line.startsWith(DATA)) {
                    continue;
                }
                String data = line.substring(DATA.length()).strip();
                if (data.equals("[DONE]")) {
                    return arrivals.isEmpty() ? Optional.of("no tokens") : Optional.empty();
                }
                try {
                    Optional<String> failure = event(JsonMapper.shared().readTree(data), now);
                    if (failure.isPresent()) {
                        return failure;
                    }
                } catch (JacksonException e) {
                    return Optional.of("stream is no JSON");
                }
            }
            return Optional.of("stream ended early");
        }

        private Optional<String> event(JsonNode event, long now) {
            if (event.hasNonNull("error")) {
                return Optional.of("error in the stream");
            }
            JsonNode choice = event.at("/choices/0");
            JsonNode delta = choice.path("delta");
            // A token may give no text: half a character. Frames that open or end an answer bring none either.
            boolean between = !delta.has("role") && !choice.hasNonNull("finish_reason");
            if (isPiece(choice.path("text"), between)
                    || isPiece(delta.path("content"), between)
                    || isPiece(delta.path("reasoning_content"), between)) {
                arrivals.add(now);
            }
            JsonNode usage = event.path("usage");
            if (usage.isObject()) {
                counted = true;
                promptTokens = usage.path("prompt_tokens").asInt(0);
                outputTokens = usage.path("completion_tokens").asInt(0);
            }
            return Optional.empty();
        }

        private static boolean isPiece(JsonNode text, boolean mayBeEmpty) {
            return text.isString() && (mayBeEmpty || !text.asString().isEmpty());
        }

        RequestRecord record(long intended, long end, Optional<String> failure) {
            return new RequestRecord(
                    intended, arrivals, end, promptTokens, counted ? outputTokens : arrivals.size(), failure);
        }
    }
}
