package io.yuebing.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.cli.OperationFailed;
import io.yuebing.cli.Terminal;
import io.yuebing.cli.testing.TinyHttpServer;
import io.yuebing.cli.testing.TinyHttpServer.Reply;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(30)
class ChatSessionTest {
    private static final String STREAM = """
            data: {"choices":[{"delta":{"role":"assistant","content":""}}]}

            : a comment
            data: {"choices":[{"delta":{"content":"十"}}]}

            data: {"choices":[{"delta":{"content":"二."},"finish_reason":"stop"}]}

            data: [DONE]

            """;
    private static final ChatClient.Style STYLE = new ChatClient.Style(OptionalInt.of(5), OptionalDouble.of(0.5));

    @Test
    void aPipeGetsTheAnswersAndTheServerGetsTheWholeConversation() throws Exception {
        try (TinyHttpServer server = TinyHttpServer.start(request -> Reply.of(200, STREAM))) {
            String printed = chat(
                    server.uri(), "What is 7 + 5?\n\n/system Be brief.\nAgain?\n/reset\nOnce more?\n/exit\nno\n", true);
            assertThat(printed.lines()).containsExactly("十二.", "十二.", "十二.");
            JsonNode second = body(server, 1);
            assertThat(second.path("stream").asBoolean()).isTrue();
            assertThat(second.path("max_tokens").asInt()).isEqualTo(5);
            assertThat(second.path("temperature").asDouble()).isEqualTo(0.5);
            assertThat(second.path("messages").toString())
                    .isEqualTo("[{\"role\":\"system\",\"content\":\"Be brief.\"},"
                            + "{\"role\":\"user\",\"content\":\"What is 7 + 5?\"},"
                            + "{\"role\":\"assistant\",\"content\":\"十二.\"},"
                            + "{\"role\":\"user\",\"content\":\"Again?\"}]");
            assertThat(body(server, 2).path("messages")).hasSize(2);
        }
    }

    @Test
    void anErrorInsideTheStreamIsReportedAndTheQuestionForgotten() throws Exception {
        String broken = "data: {\"choices\":[{\"delta\":{\"content\":\"so far\"}}]}\n\n"
                + "data: {\"error\":{\"message\":\"the decode node is gone\"}}\n\n";
        try (TinyHttpServer server = TinyHttpServer.start(request -> Reply.of(200, broken))) {
            chat(server.uri(), "one\ntwo\n", false);
            assertThat(body(server, 1).path("messages")).hasSize(1);
        }
    }

    @Test
    void aRefusalCarriesTheServersReason() throws Exception {
        String refusal = "{\"error\":{\"message\":\"max_tokens must be at least 1\"}}";
        try (TinyHttpServer server = TinyHttpServer.start(request -> Reply.of(400, refusal));
                ChatClient client = new ChatClient(server.uri(), Optional.empty())) {
            assertThatThrownBy(client::model)
                    .isInstanceOf(OperationFailed.class)
                    .hasMessageEndingWith("answered HTTP 400: max_tokens must be at least 1");
        }
    }

    @Test
    void theFirstModelOfTheServerIsTaken() throws Exception {
        String models = "{\"data\":[{\"id\":\"yuebing-demo\"}]}";
        try (TinyHttpServer server = TinyHttpServer.start(request -> Reply.of(200, models));
                ChatClient client = new ChatClient(server.uri(), Optional.of("key"))) {
            assertThat(client.model()).isEqualTo("yuebing-demo");
            assertThat(server.requests().getFirst().headers()).containsEntry("authorization", "Bearer key");
        }
    }

    @Test
    void withoutAGatewayItSaysHowToStartOne() {
        try (ChatClient client = new ChatClient(URI.create("http://127.0.0.1:1"), Optional.empty())) {
            assertThatThrownBy(client::model)
                    .isInstanceOf(OperationFailed.class)
                    .hasMessage("no gateway answers at http://127.0.0.1:1; start one with './yuebing up',"
                            + " or name another with --gateway");
        }
    }

    @Test
    void anAnswerCanBeStoppedWhileItsFirstPieceIsAwaited() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        try (TinyHttpServer server = TinyHttpServer.start(request -> {
                    asked.countDown();
                    await(stopped);
                    return Reply.of(200, STREAM);
                });
                ChatClient client = new ChatClient(server.uri(), Optional.empty())) {
            assertThat(client.cancel()).isFalse();
            Thread.ofVirtual().start(() -> {
                await(asked);
                assertThat(client.cancel()).isTrue();
            });
            assertThat(client.answer("m", List.of(new ChatClient.Message("user", "?")), STYLE, piece -> {}))
                    .isEmpty();
            stopped.countDown();
            assertThat(client.answer("m", List.of(new ChatClient.Message("user", "?")), STYLE, piece -> {}))
                    .isEqualTo("十二.");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String chat(URI server, String typed, boolean answered) throws IOException, InterruptedException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ChatClient client = new ChatClient(server, Optional.empty())) {
            ChatSession session = new ChatSession(
                    client,
                    "yuebing-demo",
                    STYLE,
                    "",
                    new BufferedReader(new StringReader(typed)),
                    new PrintStream(bytes, true, StandardCharsets.UTF_8),
                    new Terminal(false, false, 80));
            assertThat(session.run()).isEqualTo(answered);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static JsonNode body(TinyHttpServer server, int request) {
        return JsonMapper.shared().readTree(server.requests().get(request).body());
    }
}
