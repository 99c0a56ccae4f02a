package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import okhttp3.Call;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Http2Test {
    private final TestServer server = new TestServer();
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
    private final OkHttpClient client = new OkHttpClient.Builder()
            .protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE))
            .callTimeout(Duration.ofSeconds(20))
            .build();

    @AfterEach
    void stop() {
        callers.shutdownNow();
        client.connectionPool().evictAll();
        server.close();
    }

    @Test
    void aCompletionIsAnsweredOverHttp2() throws Exception {
        server.generator.say(1, 2, 3);
        try (Response response = call("{\"prompt\":\"a\"}").execute()) {
            assertThat(response.protocol()).isEqualTo(Protocol.H2_PRIOR_KNOWLEDGE);
            assertThat(response.code()).isEqualTo(200);
            assertThat(response.body().string()).contains("\"completion_tokens\":3");
        }
    }

    @Test
    void anErrorIsAnsweredOverHttp2() throws Exception {
        try (Response response = call("{\"prompt\":1.5}").execute()) {
            assertThat(response.code()).isEqualTo(400);
            assertThat(response.body().string()).contains("\"param\":\"prompt\"");
        }
    }

    @Test
    void aBodyThatIsTooLargeIsRefusedAndTheConnectionServesOn() throws Exception {
        try (Response response =
                call("{\"prompt\":\"" + "a".repeat(150_000) + "\"}").execute()) {
            assertThat(response.code()).isEqualTo(413);
        }
        server.generator.say(1);
        try (Response response = call("{\"prompt\":\"a\"}").execute()) {
            assertThat(response.code()).isEqualTo(200);
        }
    }

    @Test
    void streamsOfOneConnectionRunBesideEachOther() throws Exception {
        server.generator.say(1, 2, 3);
        Semaphore gate = server.generator.gate();
        List<Future<String>> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            answers.add(callers.submit(() -> body(call("{\"prompt\":\"a\",\"stream\":true}"))));
        }
        for (int i = 0; i < 20; i++) {
            server.generator.awaitRequest();
        }
        gate.release(1000);
        for (Future<String> answer : answers) {
            assertThat(answer.get()).endsWith("data: [DONE]\n\n");
        }
        assertThat(client.connectionPool().connectionCount()).isOne();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"prompt\":\"a\"}", "{\"prompt\":\"a\",\"stream\":true}"})
    void aStreamThatTheClientResetsIsCancelledAndNoOther(String json) throws Exception {
        server.generator.say(1, 2, 3);
        Semaphore gate = server.generator.gate();
        Future<String> other = callers.submit(() -> body(call("{\"prompt\":\"a\",\"stream\":true}")));
        String kept = server.generator.awaitRequest().requestId();
        Call given = call(json);
        Future<String> reset = callers.submit(() -> body(given));
        String lost = server.generator.awaitRequest().requestId();

        given.cancel();

        assertThat(server.generator.awaitClosed().requestId()).isEqualTo(lost).isNotEqualTo(kept);
        assertThat(reset).failsWithin(Duration.ofSeconds(20));
        gate.release(1000);
        assertThat(other.get()).endsWith("data: [DONE]\n\n");
    }

    private Call call(String json) {
        return client.newCall(new Request.Builder()
                .url(server.uri("/v1/completions").toString())
                .post(RequestBody.create(json, MediaType.get("application/json")))
                .build());
    }

    private static String body(Call call) throws IOException {
        try (Response response = call.execute()) {
            return response.body().string();
        }
    }
}
