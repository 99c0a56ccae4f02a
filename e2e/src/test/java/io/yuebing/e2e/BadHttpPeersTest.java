package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that say nothing, not enough, or never read: others are served, and nothing is held for them. */
@Timeout(120)
class BadHttpPeersTest {
    private static final LocalCluster.Settings SETTINGS =
            new LocalCluster.Settings(LocalCluster.DEMO, ComputeMode.INT8, ElementType.BF16, 512, 1200, true);

    /** Heap for each connection that does nothing. */
    private static final long BYTES_EACH = 64 << 10;

    private static final int HALF_SENT = 200;
    private static final int STUCK = 1;

    private final List<SocketChannel> peers = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (SocketChannel peer : peers) {
            peer.close();
        }
    }

    @Test
    void thousandsOfSilentAndHalfSentRequestsKeepNobodyOut() throws Exception {
        try (LocalCluster cluster = LocalCluster.disaggregated(SETTINGS)) {
            isServed(cluster);
            List<URI> targets = new ArrayList<>(cluster.nodes());
            targets.add(cluster.uri());
            long before = usedHeap();
            int each = silentPeers() / targets.size();
            for (URI target : targets) {
                for (int i = 0; i < each; i++) {
                    connect(target, "");
                }
                for (int i = 0; i < HALF_SENT; i++) {
                    connect(target, "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: applica");
                    connect(target, head(4000) + "{\"prompt\": \"San Fran");
                }
            }
            isServed(cluster);
            assertThat(usedHeap() - before)
                    .as("bytes of heap for %d connections", peers.size())
                    .isLessThan(peers.size() * BYTES_EACH);
        }
    }

    @Test
    void whoNeverReadsAStreamHoldsNoBlocks() throws Exception {
        try (LocalCluster cluster = LocalCluster.disaggregated(SETTINGS)) {
            String body = Client.JSON.writeValueAsString(longAnswer());
            for (int i = 0; i < STUCK; i++) {
                connect(cluster.uri(), head(body.length()) + body);
            }
            Client gateway = new Client(cluster.uri());
            Eventually.holds(
                    "all are served",
                    Duration.ofSeconds(20),
                    () -> gateway.metric("yuebing:http_requests_in_flight") > STUCK);
            isServed(cluster);
            for (URI node : cluster.nodes()) {
                new Client(node).awaitIdle("although a client never reads");
            }
            assertThat(gateway.metric("yuebing:http_requests_in_flight"))
                    .as("streams that nobody reads, as long as they are not cut off, and this question")
                    .isLessThanOrEqualTo(STUCK + 1);
            isServed(cluster);
        }
    }

    /** More bytes than a socket takes from one end to the other. */
    private static Map<String, Object> longAnswer() {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("prompt", "San Francisco is a");
        request.put("max_tokens", 800);
        request.put("ignore_eos", true);
        request.put("temperature", 1);
        request.put("n", 8);
        request.put("logprobs", 20);
        request.put("stream", true);
        return request;
    }

    private static String head(int length) {
        return "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " + length
                + "\r\n\r\n";
    }

    private void connect(URI target, String words) throws IOException {
        SocketChannel peer = SocketChannel.open();
        peers.add(peer);
        peer.setOption(StandardSocketOptions.SO_RCVBUF, 4 << 10);
        peer.connect(new InetSocketAddress(target.getHost(), target.getPort()));
        peer.write(ByteBuffer.wrap(words.getBytes(StandardCharsets.UTF_8)));
    }

    private static void isServed(LocalCluster cluster) throws Exception {
        for (int i = 0; i < 3; i++) {
            assertThat(new Client(cluster.uri())
                            .post(
                                    "/v1/completions",
                                    Map.of("prompt", "Number " + i, "max_tokens", 8, "ignore_eos", true))
                            .path("usage")
                            .path("completion_tokens")
                            .intValue())
                    .isEqualTo(8);
        }
    }

    /** Ten thousand where this process, which has both ends of each, may have as many; else what it may. */
    private static int silentPeers() throws IOException {
        int most = Files.readAllLines(Path.of("/proc/self/limits")).stream()
                .filter(line -> line.startsWith("Max open files"))
                .map(line -> line.replaceFirst("Max open files\\s+(\\S+).*", "$1"))
                .mapToInt(limit -> limit.equals("unlimited") ? Integer.MAX_VALUE : Integer.parseInt(limit))
                .findFirst()
                .orElse(1024);
        return Math.clamp((most - 4000L) / 2, 300, 10_000);
    }

    private static long usedHeap() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
