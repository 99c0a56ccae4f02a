package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.SampledToken;
import io.yuebing.api.ServiceException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class StreamingTest {
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static int[] ids(String text) {
        return TestServer.TOKENIZER.encode(text, false);
    }

    private static String stream(String path, String json) throws Exception {
        HttpResponse<String> response = server.post(path, json);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream; charset=utf-8");
        return response.body();
    }

    /** The JSON of every event but the last, which must be [DONE]. */
    private static List<JsonNode> events(String body) {
        List<JsonNode> events = new ArrayList<>();
        String[] frames = body.split("\n\n", -1);
        assertThat(frames[frames.length - 1]).isEmpty();
        assertThat(frames[frames.length - 2]).isEqualTo("data: [DONE]");
        for (int i = 0; i < frames.length - 2; i++) {
            assertThat(frames[i]).startsWith("data: ");
            events.add(TestServer.json(frames[i].substring(6)));
        }
        return events;
    }

    @Test
    void aChatStreamHasExactlyTheseFrames() throws Exception {
        server.generator.requests.clear();
        server.generator.say(ids("Hi")[0]);
        String body = stream(
                "/v1/chat/completions",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"stream\":true,\"max_tokens\":1,"
                        + "\"stream_options\":{\"include_usage\":true}}");
        JsonNode first = events(body).getFirst();
        String head = "data: {\"id\":\"" + first.path("id").stringValue()
                + "\",\"object\":\"chat.completion.chunk\",\"created\":"
                + first.path("created").longValue()
                + ",\"model\":\"tiny\",\"choices\":[";
        int prompt = server.generator.awaitRequest().promptTokens().length;
        String text = TestServer.TOKENIZER.tokenText(ids("Hi")[0]);
        assertThat(body)
                .isEqualTo(head
                        + "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,"
                        + "\"finish_reason\":null}]}\n\n"
                        + head
                        + "{\"index\":0,\"delta\":{\"content\":\"" + text + "\"},\"logprobs\":null,"
                        + "\"finish_reason\":null}]}\n\n"
                        + head
                        + "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\",\"stop_reason\":null}]}\n\n"
                        + head
                        + "],\"usage\":{\"prompt_tokens\":" + prompt + ",\"total_tokens\":" + (prompt + 1)
                        + ",\"completion_tokens\":1,\"prompt_tokens_details\":{\"cached_tokens\":" + prompt / 2
                        + "}}}\n\n"
                        + "data: [DONE]\n\n");
    }

    @Test
    void aCompletionStreamHasExactlyTheseFrames() throws Exception {
        server.generator.say(ids("Hi")[0], ids("Hi")[0]);
        String body = stream("/v1/completions", "{\"prompt\":\"a\",\"stream\":true,\"max_tokens\":1}");
        JsonNode first = events(body).getFirst();
        String head = "data: {\"id\":\"" + first.path("id").stringValue()
                + "\",\"object\":\"text_completion\",\"created\":"
                + first.path("created").longValue()
                + ",\"model\":\"tiny\",\"choices\":[";
        String text = TestServer.TOKENIZER.tokenText(ids("Hi")[0]);
        assertThat(body)
                .isEqualTo(head
                        + "{\"index\":0,\"text\":\"" + text
                        + "\",\"logprobs\":null,\"finish_reason\":null,\"stop_reason\":null}]}\n\n"
                        + head
                        + "{\"index\":0,\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"length\",\"stop_reason\":null}]}\n\n"
                        + "data: [DONE]\n\n");
    }

    @Test
    void everyTokenIsSentAtOnce() throws Exception {
        int[] tokens = {ids("one")[0], ids(" two")[0]};
        try (TestServer slow = new TestServer()) {
            slow.generator.say(tokens);
            Semaphore gate = slow.generator.gate();
            try (Socket socket = slow.open("/v1/completions", "{\"prompt\":\"a\",\"stream\":true}")) {
                gate.release(2);
                TestServer.readUntil(socket.getInputStream(), text(tokens[0]));
                gate.release();
                TestServer.readUntil(socket.getInputStream(), text(tokens[1]));
                gate.release();
                TestServer.readUntil(socket.getInputStream(), "data: [DONE]\n\n");
            }
        }
    }

    private static String text(int token) {
        return "\"text\":\"" + TestServer.TOKENIZER.tokenText(token) + "\"";
    }

    @Test
    void noFrameHoldsHalfACharacter() throws Exception {
        String text = "日本🌍é🎉नमस्ते";
        server.generator.say(ids(text));
        StringBuilder joined = new StringBuilder();
        for (JsonNode event :
                events(stream("/v1/completions", "{\"prompt\":\"a\",\"stream\":true,\"max_tokens\":150}"))) {
            String piece = event.path("choices").get(0).path("text").stringValue();
            assertThat(piece).doesNotContain("\uFFFD");
            joined.append(piece);
        }
        assertThat(joined).hasToString(text);
    }

    @Test
    void streamedAndWholeAnswersAreTheSameForAnyStopStrings() throws Exception {
        String text = "The cat 🐈 sat on the mat. Die Katze saß da.";
        server.generator.say(ids(text));
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 60; round++) {
            int at = text.offsetByCodePoints(0, random.nextInt(text.codePointCount(0, text.length()) - 4));
            String stop = text.substring(at, text.offsetByCodePoints(at, 1 + random.nextInt(4)));
            String fields = "{\"prompt\":\"a\",\"max_tokens\":150,\"stop\":[\"" + stop + "\",\"never\"],\"stream\":";
            JsonNode whole = server.ok("/v1/completions", fields + "false}");
            assertThat(whole.path("choices").get(0).path("text").stringValue())
                    .as("seed %d round %d stop \"%s\"", seed, round, stop)
                    .isEqualTo(text.substring(0, text.indexOf(stop)));
            StringBuilder streamed = new StringBuilder();
            List<JsonNode> events = events(stream("/v1/completions", fields + "true}"));
            events.forEach(event ->
                    streamed.append(event.path("choices").get(0).path("text").stringValue()));
            assertThat(streamed.toString())
                    .as("seed %d round %d stop \"%s\"", seed, round, stop)
                    .isEqualTo(whole.path("choices").get(0).path("text").stringValue());
            assertThat(events.getLast()
                            .path("choices")
                            .get(0)
                            .path("stop_reason")
                            .stringValue())
                    .isEqualTo(stop);
        }
    }

    @Test
    void choicesShareOneStreamAndEachIsWhole() throws Exception {
        server.generator.script = request -> ScriptedGenerator.answer(
                request, ids("choice with seed " + request.sampling().seed()));
        List<JsonNode> events = events(stream(
                "/v1/completions",
                "{\"prompt\":[\"a\",\"b\"],\"n\":3,\"seed\":5,\"stream\":true,\"max_tokens\":100,"
                        + "\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}}"));
        String[] texts = {"", "", "", "", "", ""};
        int ended = 0;
        int lastCount = 0;
        for (JsonNode event : events) {
            int count = event.path("usage").path("completion_tokens").intValue();
            assertThat(count).isGreaterThanOrEqualTo(lastCount);
            lastCount = count;
            for (JsonNode choice : event.path("choices")) {
                texts[choice.path("index").intValue()] += choice.path("text").stringValue();
                ended += choice.path("finish_reason").isNull() ? 0 : 1;
            }
        }
        assertThat(ended).isEqualTo(6);
        for (int i = 0; i < 6; i++) {
            assertThat(texts[i]).isEqualTo("choice with seed " + Seeds.ofChoice(5, i % 3));
        }
        assertThat(events.getLast().path("choices")).isEmpty();
    }

    @Test
    void logprobsOfAllChunksTogetherCoverEveryToken() throws Exception {
        String text = "🎉 stop";
        server.generator.say(ids(text));
        int tokens = 0;
        for (JsonNode event : events(stream(
                "/v1/chat/completions",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"stream\":true,\"logprobs\":true,"
                        + "\"return_token_ids\":true}"))) {
            JsonNode choice = event.path("choices").get(0);
            int here = choice.path("logprobs").path("content").size();
            assertThat(choice.path("token_ids").size()).isEqualTo(here);
            tokens += here;
        }
        assertThat(tokens).isEqualTo(ids(text).length);
    }

    @Test
    void aFailureBeforeTheFirstEventHasAStatusAndALaterOneIsAnEvent() throws Exception {
        ServiceException failure = new ServiceException(ErrorCode.BAD_GATEWAY, "decode node d1 was lost");
        server.generator.script = request -> List.of(failure);
        assertThat(server.post("/v1/completions", "{\"prompt\":\"a\",\"stream\":true}")
                        .statusCode())
                .isEqualTo(502);
        server.generator.script = request -> List.of(
                new GenerateEvent.PromptDone(0, List.of()),
                new GenerateEvent.Token(SampledToken.bare(ids("x")[0])),
                failure);
        List<JsonNode> events = events(stream("/v1/completions", "{\"prompt\":\"a\",\"stream\":true}"));
        assertThat(events.getLast().toString())
                .isEqualTo("{\"error\":{\"message\":\"decode node d1 was lost\",\"type\":\"BadGatewayError\","
                        + "\"param\":null,\"code\":502}}");
    }

    @Test
    void aStreamThatHasNothingToSayYetIsKeptOpenByComments() throws Exception {
        try (TestServer slow =
                new TestServer(SurfaceOptions.of("x").withHeartbeat(Duration.ofMillis(20)), GenerationDefaults.NONE)) {
            slow.generator.say(1);
            Semaphore gate = slow.generator.gate();
            try (Socket socket = slow.open("/v1/completions", "{\"prompt\":\"a\",\"stream\":true}")) {
                String head = TestServer.readUntil(socket.getInputStream(), ": keep-alive\n\n");
                assertThat(head).startsWith("HTTP/1.1 200 ").contains("text/event-stream");
                TestServer.readUntil(socket.getInputStream(), ": keep-alive\n\n");
                gate.release(100);
                TestServer.readUntil(socket.getInputStream(), "data: [DONE]\n\n");
            }
        }
    }
}
