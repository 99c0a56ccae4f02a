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
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Optional;
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

    private MooncakeServer serve(MooncakeProtocol protocol) throws IOException {
        return protocol.serve(
                TransferServerOptions.loopback(4096),
                List.of(Segment.open("kv", arena.allocate(4096))),
                TimeSource.system());
    }
}
