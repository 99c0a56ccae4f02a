package io.yuebing.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client that keeps a handler waiting is cut off, and the others are served meanwhile. */
@Timeout(60)
class SlowClientsTest {
    private static final Duration LIMIT = Duration.ofMillis(400);
    private static final int LONGEST_BODY = 200_000;

    private final CountDownLatch floodEnded = new CountDownLatch(1);
    private final HttpListener server = HttpListener.start(
            "127.0.0.1",
            0,
            new ApiRoutes(new SurfaceMetrics(), LONGEST_BODY)
                    .get(
                            "/version",
                            exchange -> exchange.send(200, Json.object().put("version", "1")))
                    .get("/flood", this::flood)
                    .post("/echo", exchange -> exchange.send(200, exchange.jsonBody())),
            new SlowClients.Patience(LIMIT, LIMIT, LIMIT));
    private final HttpClient client = HttpClient.newHttpClient();

    @AfterEach
    void stop() {
        client.shutdownNow();
        server.close();
    }

    /** A stream that never ends by itself. */
    private void flood(ApiExchange exchange) {
        ResponsePieces pieces = exchange.stream("text/event-stream");
        try {
            while (true) {
                pieces.event(Json.object().put("text", "x".repeat(64 << 10)));
            }
        } finally {
            floodEnded.countDown();
        }
    }

    private Socket open(String firstBytes) throws IOException {
        return open(firstBytes.getBytes(StandardCharsets.US_ASCII));
    }

    private Socket open(byte[] firstBytes) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(16 << 10);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(firstBytes);
        return socket;
    }

    private void othersAreServed() throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + server.port() + "/version");
        HttpRequest request =
                HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20)).build();
        assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(200);
    }

    /** Sends a byte now and then, which no limit of a single read notices, until the server has had enough. */
    private void dripUntilCutOff(Socket socket, String bytes) throws Exception {
        dripUntilCutOff(socket, bytes.getBytes(StandardCharsets.US_ASCII));
    }

    private void dripUntilCutOff(Socket socket, byte... bytes) throws Exception {
        socket.setSoTimeout(20);
        byte[] answers = new byte[1 << 10];
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        for (int at = 0; System.nanoTime() < deadline; at = (at + 1) % bytes.length) {
            try {
                socket.getOutputStream().write(bytes[at]);
                if (socket.getInputStream().read(answers) < 0) {
                    return;
                }
            } catch (SocketTimeoutException nothingSaid) {
                // the next byte
            } catch (SocketException cutOff) {
                return;
            }
        }
        throw new AssertionError("still connected after 20 s");
    }

    @ParameterizedTest
    @ValueSource(strings = {"G", "GET /ver", "PRI * HTTP/2.0\r", "POST /version HTTP/1.1"})
    void aRequestLineThatTricklesInIsCutOffAndOthersServed(String begun) throws Exception {
        try (Socket socket = open(begun)) {
            othersAreServed();
            dripUntilCutOff(socket, "x");
        }
        othersAreServed();
    }

    @Test
    void aLaterRequestLineThatTricklesInIsCutOffToo() throws Exception {
        try (Socket socket = open("GET /version HTTP/1.1\r\nHost: t\r\n\r\n")) {
            TestServer.readUntil(socket.getInputStream(), "{\"version\":\"1\"}");
            dripUntilCutOff(socket, "G");
        }
        othersAreServed();
    }

    @Test
    void aBodyThatNobodyAsksForIsCutOffWhenItTricklesIn() throws Exception {
        try (Socket socket = open("POST /nowhere HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n{")) {
            dripUntilCutOff(socket, " ");
        }
        othersAreServed();
    }

    @Test
    void aChunkThatIsLongerThanAnyBodyIsNotCollected() throws Exception {
        try (Socket socket = open("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n")) {
            byte[] piece = new byte[LONGEST_BODY];
            long sent = 0;
            try {
                while (sent < 64L << 20) {
                    socket.getOutputStream().write(piece);
                    sent += piece.length;
                }
            } catch (SocketException cutOff) {
                // as hoped
            }
            assertThat(sent).as("bytes taken of one chunk").isLessThan(64L << 20);
        }
        othersAreServed();
    }

    @Test
    void aFrameThatTricklesInIsCutOffAndOthersServed() throws Exception {
        try (Socket socket =
                open(Http2Bytes.preface().frame(Http2Bytes.SETTINGS, 0, 0).toByteArray())) {
            othersAreServed();
            byte[] longFrame = {0, 0x40, 0, Http2Bytes.DATA, 0, 0, 0, 0, 1};
            socket.getOutputStream().write(longFrame);
            dripUntilCutOff(socket, (byte) 0);
        }
        othersAreServed();
    }

    @Test
    void headersInManyFramesAreCutOffIfTheyNeverEnd() throws Exception {
        try (Socket socket = open(Http2Bytes.preface()
                .frame(Http2Bytes.SETTINGS, 0, 0)
                .frame(Http2Bytes.HEADERS, 0, 1, Http2Bytes.request("/version"))
                .toByteArray())) {
            dripUntilCutOff(
                    socket,
                    (byte) 0,
                    (byte) 0,
                    (byte) 0,
                    (byte) Http2Bytes.CONTINUATION,
                    (byte) 0,
                    (byte) 0,
                    (byte) 0,
                    (byte) 0,
                    (byte) 1);
        }
        othersAreServed();
    }

    @Test
    void aFloodOfEmptyContinuationsIsCutOffBeforeItFillsMemory() throws Exception {
        Http2Bytes flood = Http2Bytes.preface()
                .frame(Http2Bytes.SETTINGS, 0, 0)
                .frame(Http2Bytes.HEADERS, 0, 1, Http2Bytes.request("/version"));
        for (int i = 0; i <= Http2Watch.MAX_HEADER_FRAMES; i++) {
            flood.frame(Http2Bytes.CONTINUATION, 0, 1);
        }
        try (Socket socket = open(flood.toByteArray())) {
            seesTheEnd(socket);
        }
        othersAreServed();
    }

    @Test
    void whoOpensAndResetsStreamsInARowIsCutOff() throws Exception {
        Http2Bytes resets = Http2Bytes.preface().frame(Http2Bytes.SETTINGS, 0, 0);
        for (int stream = 1; stream < 2000; stream += 2) {
            resets.get(stream, "/flood").frame(Http2Bytes.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
        }
        try (Socket socket = open(resets.toByteArray())) {
            seesTheEnd(socket);
        }
        othersAreServed();
    }

    @Test
    void whoNeverOpensItsWindowIsCutOffAndItsHandlerEnds() throws Exception {
        byte[] noWindow = {0, 4, 0, 0, 0, 0};
        try (Socket ignored = open(Http2Bytes.preface()
                .frame(Http2Bytes.SETTINGS, 0, 0, noWindow)
                .get(1, "/flood")
                .toByteArray())) {
            assertThat(floodEnded.await(20, TimeUnit.SECONDS))
                    .as("the handler ends though its client is connected and silent")
                    .isTrue();
        }
        othersAreServed();
    }

    /** The server ends the connection, whatever it says before. */
    private static void seesTheEnd(Socket socket) {
        try {
            byte[] unused = socket.getInputStream().readAllBytes();
        } catch (SocketTimeoutException e) {
            throw new AssertionError("still connected after 20 s", e);
        } catch (IOException reset) {
            // what we sent was still unread there
        }
    }

    @Test
    void headersThatTrickleInAreCutOffAndOthersServed() throws Exception {
        try (Socket socket = open("GET /version HTTP/1.1\r\n")) {
            othersAreServed();
            dripUntilCutOff(socket, "X: y\r\n");
        }
        othersAreServed();
    }

    @Test
    void aBodyThatTricklesInIsCutOffAndOthersServed() throws Exception {
        try (Socket socket = open("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                + "Content-Length: 100000\r\n\r\n{")) {
            othersAreServed();
            dripUntilCutOff(socket, " ");
        }
        othersAreServed();
    }

    @Test
    void aClientThatNeverReadsItsStreamIsCutOffAndItsHandlerEnds() throws Exception {
        try (Socket ignored = open("GET /flood HTTP/1.1\r\nHost: t\r\n\r\n")) {
            othersAreServed();
            assertThat(floodEnded.await(20, TimeUnit.SECONDS))
                    .as("the handler ends though its client is connected and silent")
                    .isTrue();
        }
        othersAreServed();
    }

    @Test
    void aRequestInGoodTimeLeavesTheConnectionToTheNext() throws Exception {
        try (Socket socket = open("GET /version HTTP/1.1\r\nHost: t\r\n\r\n")) {
            TestServer.readUntil(socket.getInputStream(), "{\"version\":\"1\"}");
            try (Socket slow = open("GET /version HTTP/1.1\r\n")) {
                dripUntilCutOff(slow, "X: y\r\n"); // longer than any limit, and idle is not slow
            }
            socket.getOutputStream()
                    .write("GET /version HTTP/1.1\r\nHost: t\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            TestServer.readUntil(socket.getInputStream(), "{\"version\":\"1\"}");
        }
    }
}
