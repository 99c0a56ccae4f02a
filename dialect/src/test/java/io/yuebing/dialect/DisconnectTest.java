package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DisconnectTest {
    private final TestServer server = new TestServer();

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"prompt\":\"a\"}", "{\"prompt\":\"a\",\"stream\":true}"})
    void aClientThatLeavesBeforeTheFirstTokenCancelsTheGeneration(String json) throws Exception {
        server.generator.say(1, 2, 3);
        server.generator.gate();
        try (Socket ignored = server.open("/v1/completions", json)) {
            server.generator.awaitRequest();
        }
        assertThat(server.generator.awaitClosed().eventsRead()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"prompt\":\"a\",\"n\":3}", "{\"prompt\":\"a\",\"n\":3,\"stream\":true}"})
    void aClientThatLeavesLaterCancelsEveryChoice(String json) throws Exception {
        server.generator.say(1, 2, 3, 4, 5, 6);
        Semaphore gate = server.generator.gate();
        try (Socket ignored = server.open("/v1/completions", json)) {
            for (int i = 0; i < 3; i++) {
                server.generator.awaitRequest();
            }
            gate.release(6);
        }
        for (int i = 0; i < 3; i++) {
            server.generator.awaitClosed();
        }
    }

    @Test
    void aConnectionServesFurtherRequestsAfterOneThatWasWatched() throws Exception {
        server.generator.say(1, 2);
        try (Socket socket = server.open("/v1/completions", "{\"prompt\":\"a\"}")) {
            for (int i = 0; i < 3; i++) {
                TestServer.readUntil(socket.getInputStream(), "\"cached_tokens\":0}}}");
                socket.getOutputStream()
                        .write(("POST /v1/completions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                                        + "Content-Length: 14\r\n\r\n{\"prompt\":\"a\"}")
                                .getBytes(StandardCharsets.US_ASCII));
            }
            TestServer.readUntil(socket.getInputStream(), "\"cached_tokens\":0}}}");
        }
    }

    @Test
    void aRequestThatFollowsBeforeTheAnswerIsServedAfterIt() throws Exception {
        server.generator.say(1, 2);
        Semaphore gate = server.generator.gate();
        try (Socket socket = server.open("/v1/completions", "{\"prompt\":\"a\"}")) {
            socket.getOutputStream()
                    .write("GET /version HTTP/1.1\r\nHost: t\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            server.generator.awaitRequest();
            gate.release(100);
            TestServer.readUntil(socket.getInputStream(), "\"cached_tokens\":0}}}");
            TestServer.readUntil(socket.getInputStream(), "{\"version\":\"1.2.3\"}");
        }
    }

    @Test
    void aConnectionIsClosedWhenTheClientAsksForIt() throws Exception {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), server.uri("/").getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write("GET /version HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .endsWith("{\"version\":\"1.2.3\"}");
        }
    }

    @Test
    void stoppingTheServerCancelsWhatRuns() throws Exception {
        server.generator.say(1, 2);
        server.generator.gate();
        try (Socket ignored = server.open("/v1/completions", "{\"prompt\":\"a\"}")) {
            server.generator.awaitRequest();
            server.close();
            server.generator.awaitClosed();
        }
    }
}
