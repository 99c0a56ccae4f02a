package io.yuebing.bench.chaos;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
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
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A streaming client that keeps everything of an answer that depends on tokens. */
final class ChaosClient {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    /** Longer than any patience of the gateway. */
    private static final Duration WHOLE_ANSWER = Duration.ofMinutes(3);

    private final URI gateway;
    private final AtomicLong longestPauseNanos = new AtomicLong();

    ChaosClient(URI gateway) {
        this.gateway = gateway;
    }

    /** Requests in which everything that counts output tokens takes part. */
    static List<Map<String, Object>> requests() {
        List<Map<String, Object>> requests = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Map<String, Object> request = new LinkedHashMap<>();
            request.put("prompt", "Story " + i + ". San Francisco is a city. ".repeat(1 + 3 * (i % 4)));
            request.put("max_tokens", 30 + 15 * (i % 6));
            request.put("ignore_eos", i % 6 != 5);
            request.put("temperature", i % 2 == 0 ? 0 : 0.9);
            request.put("seed", 7000 + i);
            request.put("stream", true);
            request.put("return_token_ids", true);
            switch (i % 6) {
                case 1 -> request.put("frequency_penalty", 0.7);
                case 2 -> request.put("repetition_penalty", 1.2);
                case 3 -> request.put("n", 2);
                case 4 -> request.put("logprobs", 3);
                case 5 -> request.put("min_tokens", 20);
                default -> {}
            }
            requests.add(request);
        }
        return requests;
    }

    int knownNodes() throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(gateway.resolve("/yuebing/v1/nodes"))
                .timeout(Duration.ofSeconds(2))
                .build();
        return JSON.readTree(
                        HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body())
                .size();
    }

    /**
     * Runs a request to its end.
     *
     * @return texts, token ids, log-probabilities and finish reasons by choice
     * @throws IOException if the answer is an error, or breaks off
     */
    String run(Map<String, Object> request) throws IOException, InterruptedException {
        HttpRequest post = HttpRequest.newBuilder(gateway.resolve("/v1/completions"))
                .timeout(WHOLE_ANSWER)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(request)))
                .build();
        long last = System.nanoTime();
        HttpResponse<InputStream> response = HTTP.send(post, HttpResponse.BodyHandlers.ofInputStream());
        Map<Integer, StringBuilder> choices = new TreeMap<>();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            if (response.statusCode() != 200) {
                throw new IOException("HTTP " + response.statusCode() + ": " + lines.readLine());
            }
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("data: [DONE]")) {
                    return choices.toString();
                }
                if (line.startsWith("data: ")) {
                    long now = System.nanoTime();
                    longestPauseNanos.accumulateAndGet(now - last, Math::max);
                    last = now;
                    collect(JSON.readTree(line.substring("data: ".length())), choices);
                }
            }
        }
        throw new IOException("the stream broke off after " + choices);
    }

    private static void collect(JsonNode frame, Map<Integer, StringBuilder> choices) throws IOException {
        if (frame.has("error")) {
            throw new IOException("error in the stream: " + frame.get("error") + " after " + choices);
        }
        for (JsonNode choice : frame.path("choices")) {
            StringBuilder whole = choices.computeIfAbsent(choice.path("index").asInt(), _ -> new StringBuilder());
            whole.append(choice.path("text").asString(""));
            for (JsonNode id : choice.path("token_ids")) {
                whole.append('|').append(id);
            }
            if (choice.path("logprobs").isObject()) {
                whole.append(choice.path("logprobs"));
            }
            if (choice.path("finish_reason").isString()) {
                whole.append(" = ").append(choice.path("finish_reason").stringValue());
            }
        }
    }

    /** The longest time between two frames of any answer so far. */
    long longestPauseMillis() {
        return longestPauseNanos.get() / 1_000_000;
    }
}
