package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.FinishReason;
import io.yuebing.api.GenerateEvent;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.OutputConstraint;
import io.yuebing.api.RepetitionDetection;
import io.yuebing.api.SampledToken;
import io.yuebing.api.SamplingParams;
import io.yuebing.api.ServiceException;
import io.yuebing.api.ThinkingBudget;
import io.yuebing.api.TokenLogprob;
import io.yuebing.api.TokenStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GenerateWireTest {
    private final TestServer server = new TestServer();
    private final RemoteGenerator remote = new RemoteGenerator(server.client, "node n1", server.uri("/"));

    @AfterEach
    void stop() {
        server.close();
    }

    private static GenerateRequest request() {
        return GenerateRequest.of("r1", new int[] {1, 2}, SamplingParams.greedy(5));
    }

    @Test
    void aRequestArrivesAsItWasSent() throws Exception {
        SamplingParams sampling = SamplingParams.builder()
                .temperature(0.1)
                .topP(1 / 3.0)
                .topK(7)
                .minP(0.05)
                .presencePenalty(-0.3)
                .frequencyPenalty(0.7)
                .repetitionPenalty(1.05)
                .seed(Long.MIN_VALUE + 1)
                .maxTokens(99)
                .minTokens(2)
                .stopTokenIds(List.of(3, 4))
                .ignoreEos(true)
                .logitBias(Map.of(5, 0.1f, 6, -99.9f))
                .logprobs(3)
                .promptLogprobs(0)
                .logprobTokenIds(List.of(7, 8))
                .allowedTokenIds(List.of(9))
                .badWords(List.of(List.of(1, 2), List.of(3)))
                .repetitionDetection(Optional.of(new RepetitionDetection(2, 9, 4)))
                .thinkingBudget(Optional.of(
                        new ThinkingBudget(100, true, List.of(5), List.of(6, 7), List.of(List.of(8), List.of(1, 1)))))
                .build();
        GenerateRequest sent = new GenerateRequest(
                        "cmpl-1",
                        new int[] {1, 2, 3},
                        new int[] {9},
                        sampling,
                        Optional.of("salt"),
                        Optional.of(new KvTransferParams(
                                false, true, "t", 1L << 60, "h", 80, List.of(1, 2), 1, 1_800_000_000_000L)))
                .withConstraint(Optional.of(new OutputConstraint(OutputConstraint.Kind.GRAMMAR, "root ::= \"é\"")));
        server.generator.say(1);
        try (TokenStream stream = remote.generate(sent)) {
            stream.next();
        }
        GenerateRequest received = server.generator.awaitRequest();
        assertThat(received).usingRecursiveComparison().isEqualTo(sent);
    }

    @Test
    void floatsArriveWithTheSameBits() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<TokenLogprob> top = new ArrayList<>();
        while (top.size() < 2000) {
            top.add(new TokenLogprob(top.size(), Float.intBitsToFloat(random.nextInt()), 1));
        }
        top.add(new TokenLogprob(1, Float.NEGATIVE_INFINITY, 2));
        SampledToken token = new SampledToken(5, Float.MIN_VALUE, 1, top);
        server.generator.script = request -> List.of(
                new GenerateEvent.PromptDone(1, List.of(token)),
                new GenerateEvent.Token(token),
                new GenerateEvent.Finished(FinishReason.STOP, OptionalInt.of(5)));
        try (TokenStream stream = remote.generate(request())) {
            assertThat(stream.next()).as("seed %d", seed).isEqualTo(new GenerateEvent.PromptDone(1, List.of(token)));
            assertThat(stream.next()).as("seed %d", seed).isEqualTo(new GenerateEvent.Token(token));
            assertThat(stream.next()).isEqualTo(new GenerateEvent.Finished(FinishReason.STOP, OptionalInt.of(5)));
        }
    }

    @Test
    void eventsArriveAsTheyHappen() throws Exception {
        server.generator.say(7, 8);
        Semaphore gate = server.generator.gate();
        gate.release(2);
        try (TokenStream stream = remote.generate(request())) {
            assertThat(stream.next()).isInstanceOf(GenerateEvent.PromptDone.class);
            assertThat(stream.next()).isEqualTo(new GenerateEvent.Token(SampledToken.bare(7)));
            gate.release(2);
            assertThat(stream.next()).isEqualTo(new GenerateEvent.Token(SampledToken.bare(8)));
            assertThat(stream.next()).isInstanceOf(GenerateEvent.Finished.class);
        }
    }

    @Test
    void closingAStreamCancelsTheGeneration() throws Exception {
        server.generator.say(7, 8, 9);
        Semaphore gate = server.generator.gate();
        gate.release(2);
        TokenStream stream = remote.generate(request());
        stream.next();
        stream.next();
        stream.close();
        assertThat(server.generator.awaitClosed().eventsRead()).isEqualTo(2);
    }

    @Test
    void interruptingTheReaderLeavesTheStreamToBeClosed() throws Exception {
        server.generator.say(7);
        Semaphore gate = server.generator.gate();
        gate.release();
        TokenStream stream = remote.generate(request());
        stream.next();
        Thread.currentThread().interrupt();
        assertThatThrownBy(stream::next).isInstanceOf(InterruptedException.class);
        stream.close();
        server.generator.awaitClosed();
    }

    @Test
    void aRefusalKeepsItsCodeAndField() {
        server.generator.script =
                request -> List.of(new ServiceException(ErrorCode.OVERLOADED, "no room for 9 blocks", "prompt"));
        expectFailure(ErrorCode.OVERLOADED, "no room for 9 blocks");
    }

    @Test
    void aFailureAfterTheFirstEventKeepsItsCodeToo() {
        server.generator.script = request -> List.of(
                new GenerateEvent.PromptDone(0, List.of()),
                new ServiceException(ErrorCode.INTERNAL, "the engine stopped"));
        expectFailure(ErrorCode.INTERNAL, "the engine stopped");
    }

    @Test
    void heartbeatsKeepASlowGenerationAlive() throws Exception {
        server.generator.say(7);
        Semaphore gate = server.generator.gate();
        RemoteGenerator impatient =
                new RemoteGenerator(server.client, "node n1", server.uri("/"), Duration.ofMillis(1500));
        try (TokenStream stream = impatient.generate(request());
                Socket raw = server.open(
                        GenerateEndpoint.PATH, WireFormat.request(request()).toString())) {
            // four heartbeats are longer than the other reader's patience
            for (int i = 0; i < 4; i++) {
                TestServer.readUntil(raw.getInputStream(), "\r\n1\r\n\n");
            }
            gate.release(100);
            assertThat(stream.next()).isInstanceOf(GenerateEvent.PromptDone.class);
        }
    }

    @Test
    void aPeerThatCannotBeReachedIsNamed() throws Exception {
        int unused;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            unused = socket.getLocalPort();
        }
        RemoteGenerator nobody =
                new RemoteGenerator(server.client, "decode node d1", URI.create("http://127.0.0.1:" + unused));
        assertThatThrownBy(() -> nobody.generate(request()))
                .isInstanceOfSatisfying(
                        ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_GATEWAY))
                .hasMessageContaining("decode node d1 at 127.0.0.1:" + unused + " failed: ");
    }

    @Test
    void aPeerThatFallsSilentOrBreaksOffOrTalksNonsenseIsNamed() throws Exception {
        String head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
        expectPeerFailure("", "sent nothing for 300 ms");
        expectPeerFailure(head + "1\r\n\n\r\n", "sent nothing for 300 ms");
        expectPeerFailure(head + "1\r\n\n\r\n0\r\n\r\n", "ended the stream before the generation was over");
        expectPeerFailure(head + "6\r\nhello\n\r\n", "sent a line that is no event: hello");
        expectPeerFailure(head + "d\r\n{\"event\":\"x\"\n\r\n", "sent a line that is no event: {\"event\":\"x\"");
        expectPeerFailure("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nfire", "answered with status 500: fire");
        expectPeerFailure(head + "CLOSE", "failed: ");
    }

    /** A peer that answers every request with these bytes and then says nothing more. */
    private void expectPeerFailure(String answer, String message) throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                try {
                    Socket socket = listener.accept();
                    TestServer.readUntil(socket.getInputStream(), "\r\n\r\n");
                    socket.getOutputStream().write(answer.replace("CLOSE", "").getBytes(StandardCharsets.US_ASCII));
                    if (answer.endsWith("CLOSE")) {
                        socket.close();
                    }
                } catch (IOException e) {
                    // the test has ended
                }
            });
            RemoteGenerator peer = new RemoteGenerator(
                    server.client,
                    "node n2",
                    URI.create("http://127.0.0.1:" + listener.getLocalPort()),
                    Duration.ofMillis(300));
            assertThatThrownBy(() -> {
                        try (TokenStream stream = peer.generate(request())) {
                            stream.next();
                        }
                    })
                    .isInstanceOfSatisfying(
                            ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_GATEWAY))
                    .hasMessageContaining("node n2")
                    .hasMessageContaining(message);
        }
    }

    private void expectFailure(ErrorCode code, String message) {
        assertThatThrownBy(() -> {
                    try (TokenStream stream = remote.generate(request())) {
                        stream.next();
                        stream.next();
                    }
                })
                .isInstanceOfSatisfying(
                        ServiceException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessage(message);
    }
}
