package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An OpenAI client as small as the tests need. */
final class Client {
    static final JsonMapper JSON = JsonMapper.shared();
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private static final List<String> HOLDINGS = List.of(
            "vllm:num_requests_running",
            "vllm:num_requests_waiting",
            "yuebing:kv_blocks_held",
            "yuebing:kv_reservations_open",
            "yuebing:kv_pushes_active",
            "yuebing:kv_integrity_violations_total");

    private final URI base;

    Client(URI base) {
        this.base = base;
    }

    record Answer(int status, JsonNode body) {}

    /** Posts and expects HTTP 200. */
    JsonNode post(String path, Map<String, ?> body) throws IOException, InterruptedException {
        Answer answer = tryPost(path, JSON.writeValueAsString(body));
        if (answer.status() != 200) {
            throw new IOException(path + " answered " + answer.status() + ": " + answer.body());
        }
        return answer.body();
    }

    Answer tryPost(String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = HTTP.send(request(path, body), HttpResponse.BodyHandlers.ofString());
        return new Answer(response.statusCode(), JSON.readTree(response.body()));
    }

    /** Posts a streaming request and returns its open body. */
    InputStream stream(String path, Map<String, ?> body) throws IOException, InterruptedException {
        HttpResponse<InputStream> response =
                HTTP.send(request(path, JSON.writeValueAsString(body)), HttpResponse.BodyHandlers.ofInputStream());
        if (response.statusCode() != 200) {
            throw new IOException(path + " answered " + response.statusCode() + ": "
                    + new String(response.body().readAllBytes(), StandardCharsets.UTF_8));
        }
        return response.body();
    }

    /** The JSON of every data frame of a stream, without the final {@code [DONE]}, which must be there. */
    static List<JsonNode> frames(InputStream stream) throws IOException {
        List<JsonNode> frames = new ArrayList<>();
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.equals("data: [DONE]")) {
                    return frames;
                }
                if (line.startsWith("data: ")) {
                    frames.add(JSON.readTree(line.substring("data: ".length())));
                }
            }
        }
        throw new IOException("the stream ended without [DONE] after " + frames.size() + " frames");
    }

    /** The text of a completion's first choice, of one piece or many, none of which is an error. */
    static String text(List<JsonNode> pieces) {
        StringBuilder text = new StringBuilder();
        for (JsonNode piece : pieces) {
            assertThat(piece.has("error")).as(piece.toString()).isFalse();
            text.append(piece.path("choices").path(0).path("text").asString(""));
        }
        return text.toString();
    }

    String get(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(base.resolve(path))
                .timeout(Duration.ofSeconds(10))
                .build();
        HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(path + " answered " + response.statusCode() + ": " + response.body());
        }
        return response.body();
    }

    /** The value of a metric, summed over its labels; 0 if it is not there. */
    double metric(String name) throws IOException, InterruptedException {
        double sum = 0;
        for (String line : get("/metrics").split("\n", -1)) {
            if (line.startsWith(name + "{") || line.startsWith(name + " ")) {
                sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            }
        }
        return sum;
    }

    /** Waits until a node runs nothing, holds nothing for anybody, and has lost no block; what leaks never goes. */
    void awaitIdle(String context) throws InterruptedException {
        Eventually.holds("node " + base + " holds nothing, " + context, Duration.ofSeconds(60), () -> {
            for (String gauge : HOLDINGS) {
                double value = metric(gauge);
                if (value > 0) {
                    throw new IOException(gauge + " " + value);
                }
            }
            return true;
        });
    }

    private HttpRequest request(String path, String body) {
        return HttpRequest.newBuilder(base.resolve(path))
                .timeout(Duration.ofSeconds(120))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }
}
