package io.yuebing.transfer.mooncake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.transfer.Greeting;
import io.yuebing.transfer.Segment;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferServerOptions;
import io.yuebing.transfer.Transport;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The metadata server answers as Mooncake's own does, and segments are found through it. */
@Timeout(60)
class MetadataServerTest {
    private final HttpClient http = HttpClient.newHttpClient();
    private final Arena arena = Arena.ofShared();
    private MetadataServer metadata;

    @BeforeEach
    void start() throws IOException {
        metadata = MetadataServer.start("127.0.0.1", 0);
    }

    @AfterEach
    void stop() {
        metadata.close();
        http.close();
        arena.close();
    }

    private URI uri() {
        return URI.create("http://127.0.0.1:" + metadata.port() + "/metadata");
    }

    private HttpResponse<String> ask(String method, String path, String body) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + metadata.port() + path))
                        .method(method, BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
    }

    private int status(String method, String path, String body) throws Exception {
        return ask(method, path, body).statusCode();
    }

    @Test
    void entriesAreKeptReadAndDeletedByKey() throws Exception {
        String key = "/metadata?key=mooncake%2Fram%2Fa%20b";

        assertThat(status("GET", key, "")).isEqualTo(404);
        assertThat(status("DELETE", key, "")).isEqualTo(404);
        assertThat(status("PUT", key, "{\"x\":18446744073709551615}")).isEqualTo(200);
        assertThat(ask("GET", key, "").body()).isEqualTo("{\"x\":18446744073709551615}");
        assertThat(status("PUT", key, "{}")).isEqualTo(200);
        assertThat(status("DELETE", key, "")).isEqualTo(200);
        assertThat(status("GET", key, "")).isEqualTo(404);
        assertThat(status("GET", "/metadata", "")).isEqualTo(400);
        assertThat(status("PUT", key, "no JSON")).isEqualTo(400);
        assertThat(ask("GET", "/health", "").body()).isEqualTo("OK");
    }

    @Test
    void theAddressOfADaemonIsNotReplacedByAnother() throws Exception {
        String key = "/metadata?key=mooncake%2Frpc_meta%2Fa";

        assertThat(status("PUT", key, "{\"ip_or_host_name\":\"h\",\"rpc_port\":1}"))
                .isEqualTo(200);
        assertThat(status("PUT", key, "{ \"ip_or_host_name\":\"h\", \"rpc_port\":1 }"))
                .as("the same again")
                .isEqualTo(200);
        assertThat(status("PUT", key, "{\"ip_or_host_name\":\"h\",\"rpc_port\":2}"))
                .isEqualTo(400);
    }

    @Test
    void aSegmentIsPublishedFoundByNameAndTakenBack() throws Exception {
        MooncakeProtocol protocol = new MooncakeProtocol(new MooncakeMetadata.Http(uri()), Optional.of("kv-1"));
        try (MooncakeServer server = serve(protocol);
                Transport transport = protocol.transport(TransferClientOptions.DEFAULT, TimeSource.system())) {
            assertThat(ask("GET", "/metadata?key=mooncake%2Frpc_meta%2Fkv-1", "")
                            .body())
                    .isEqualTo("{\"ip_or_host_name\":\"127.0.0.1\",\"rpc_port\":%d}"
                            .formatted(server.address().getPort()));
            assertThat(ask("GET", "/metadata?key=mooncake%2Fram%2Fkv-1", "").body())
                    .contains("\"name\":\"kv-1\"")
                    .contains("\"tcp_data_port\":" + server.dataPort());
            assertThat(transport
                            .connect(protocol.locate("kv-1"), "kv-1", Greeting.EMPTY)
                            .segmentBytes())
                    .isEqualTo(4096);
            assertThatThrownBy(() -> serve(protocol)).hasMessageContaining("'kv-1' belongs to the process at");
            assertThatThrownBy(() -> protocol.locate("kv-2")).hasMessageContaining("knows no segment 'kv-2'");
        }
        assertThat(status("GET", "/metadata?key=mooncake%2Frpc_meta%2Fkv-1", ""))
                .isEqualTo(404);
        assertThat(status("GET", "/metadata?key=mooncake%2Fram%2Fkv-1", "")).isEqualTo(404);
    }

    @Test
    void aNameThatADeadProcessLeftBehindIsTakenOver() throws Exception {
        assertThat(status(
                        "PUT",
                        "/metadata?key=mooncake%2Frpc_meta%2Fkv-1",
                        "{\"ip_or_host_name\":\"127.0.0.1\",\"rpc_port\":1}"))
                .isEqualTo(200);
        MooncakeProtocol protocol = new MooncakeProtocol(new MooncakeMetadata.Http(uri()), Optional.of("kv-1"));

        try (MooncakeServer server = serve(protocol)) {
            assertThat(protocol.locate("kv-1").port())
                    .isEqualTo(server.address().getPort());
        }
    }

    @Test
    void aMissingMetadataServerIsToldInOneSentence() {
        MooncakeProtocol protocol = new MooncakeProtocol(
                new MooncakeMetadata.Http(URI.create("http://127.0.0.1:1/metadata")), Optional.of("k"));

        assertThatThrownBy(() -> serve(protocol)).hasMessageContaining("http://127.0.0.1:1/metadata cannot be reached");
        assertThatThrownBy(() -> protocol.locate("k")).hasMessageContaining("cannot be reached");
    }

    /** Connections on which this is sent, and then nothing more; the server needs none of them. */
    private List<Socket> connect(int count, String begun) throws IOException {
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), metadata.port());
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(begun.getBytes(StandardCharsets.US_ASCII));
            sockets.add(socket);
        }
        return sockets;
    }

    @Test
    void connectionsThatDoNothingOrHalfOfItKeepNobodyOutAndEnd() throws Exception {
        metadata.close();
        metadata = MetadataServer.start("127.0.0.1", 0, Duration.ofSeconds(1));
        List<Socket> lazy = new ArrayList<>(connect(300, ""));
        lazy.addAll(connect(100, "GET /meta"));
        lazy.addAll(connect(100, "GET /metadata?key=a HTTP/1.1\r\nHost: x\r\n"));
        lazy.addAll(connect(100, "PUT /metadata?key=a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"));

        assertThat(ask("GET", "/health", "").body()).isEqualTo("OK");
        for (Socket socket : lazy) {
            ends(socket);
        }
        assertThat(ask("GET", "/health", "").body()).isEqualTo("OK");
        assertThat(status("GET", "/metadata?key=a", "")).isEqualTo(404);
    }

    @Test
    void aRequestThatComesByteByByteDoesNotLastForEver() throws Exception {
        metadata.close();
        metadata = MetadataServer.start("127.0.0.1", 0, Duration.ofMillis(300));
        for (String begun : List.of("G", "GET /metadata HTTP/1.1\r\nHost: x\r\nX: ")) {
            try (Socket socket = connect(1, begun).getFirst()) {
                socket.setSoTimeout(10);
                Eventually.holds("cut off: " + begun, () -> !takes(socket, 'x'));
            }
        }
        assertThat(ask("GET", "/health", "").body()).isEqualTo("OK");
    }

    /** Whether the connection still lives when one more byte is sent. */
    private static boolean takes(Socket socket, int next) {
        try {
            socket.getOutputStream().write(next);
            return socket.getInputStream().read() >= 0;
        } catch (SocketTimeoutException nothingSaid) {
            return true;
        } catch (IOException reset) {
            return false;
        }
    }

    private static String firstBytes(Socket socket, int count) throws IOException {
        try {
            return new String(socket.getInputStream().readNBytes(count), StandardCharsets.US_ASCII);
        } catch (SocketTimeoutException e) {
            return "nothing for 20 s";
        }
    }

    private static void ends(Socket socket) throws IOException {
        try (socket) {
            byte[] unused = socket.getInputStream().readAllBytes();
        } catch (SocketTimeoutException e) {
            throw new AssertionError("still connected after 20 s", e);
        } catch (SocketException reset) {
            // so it has ended
        }
    }

    @Test
    void lengthsThatCannotBeAndRandomBytesAreRefused() throws Exception {
        String put = "PUT /metadata?key=a HTTP/1.1\r\nHost: x\r\n";
        for (String length : List.of(
                "Content-Length: -1\r\n\r\n{}",
                "Content-Length: 99999999999999999999\r\n\r\n{}",
                "Content-Length: 1048577\r\n\r\n{}",
                "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n{}",
                "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n")) {
            try (Socket socket = connect(1, put + length).getFirst()) {
                assertThat(firstBytes(socket, 10)).as(length).isEqualTo("HTTP/1.1 4");
            }
        }
        for (int seed = 0; seed < 40; seed++) {
            byte[] noise = new byte[64 + seed * 50];
            new Random(seed).nextBytes(noise);
            try (Socket socket = connect(1, "").getFirst()) {
                socket.getOutputStream().write(noise);
                socket.shutdownOutput();
                ends(socket);
            }
        }
        assertThat(status("GET", "/metadata?key=a", "")).isEqualTo(404);
    }

    private MooncakeServer serve(MooncakeProtocol protocol) throws IOException {
        return protocol.serve(
                TransferServerOptions.loopback(4096),
                List.of(Segment.open("kv", arena.allocate(4096))),
                TimeSource.system());
    }
}
