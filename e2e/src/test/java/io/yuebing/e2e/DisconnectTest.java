package io.yuebing.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kv.ElementType;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Clients that go away at any moment leave no block, lease, thread or file handle behind. */
class DisconnectTest {
    private static final int STREAMS = 200;

    @Test
    void twoHundredStreamsWithRandomDisconnectsLeaveNothingBehind() throws Exception {
        long seed = Long.getLong("yuebing.seed", ThreadLocalRandom.current().nextLong());
        LocalCluster.Settings settings =
                new LocalCluster.Settings(LocalCluster.DEMO, ComputeMode.INT8, ElementType.BF16, 512, 1200, true);
        try (LocalCluster cluster = LocalCluster.disaggregated(settings)) {
            storm(cluster.uri(), seed - 1, 20); // whatever is made once and kept, is made now
            awaitIdle(cluster, seed);
            int threads = Thread.activeCount();
            long files = openFiles();
            storm(cluster.uri(), seed, STREAMS);
            awaitIdle(cluster, seed);
            Eventually.holds(
                    "threads are given back, seed " + seed,
                    Duration.ofSeconds(20),
                    () -> Thread.activeCount() <= threads + 4);
            Eventually.holds(
                    "file handles are given back, seed " + seed,
                    Duration.ofSeconds(20),
                    () -> openFiles() <= files + 8);
            assertThat(new Client(cluster.uri())
                            .post("/v1/completions", Map.of("prompt", "San Francisco is a", "max_tokens", 8))
                            .path("usage")
                            .path("completion_tokens")
                            .intValue())
                    .as("tokens of a request afterwards, seed %d", seed)
                    .isEqualTo(8);
        }
    }

    private static void storm(URI uri, long seed, int streams) throws Exception {
        RandomGenerator seeds = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                long own = seeds.nextLong();
                running.add(threads.submit(() -> {
                    oneClient(uri, own);
                    return null;
                }));
            }
            for (Future<?> future : running) {
                future.get();
            }
        }
    }

    /** Sends one request and goes away after a random number of bytes; some before the first, some after the last. */
    private static void oneClient(URI uri, long seed) throws IOException {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        String prompt = "Tell me about city number " + random.nextInt(20) + ". ".repeat(1 + random.nextInt(60));
        String body = Client.JSON.writeValueAsString(Map.of(
                "prompt",
                prompt,
                "max_tokens",
                1 + random.nextInt(60),
                "ignore_eos",
                true,
                "n",
                1,
                "stream",
                random.nextInt(4) > 0));
        int patience = random.nextInt(3) == 0 ? Integer.MAX_VALUE : random.nextInt(6000);
        try (Socket socket = new Socket(uri.getHost(), uri.getPort())) {
            socket.setSoTimeout(60_000);
            if (patience == 0) {
                socket.setSoLinger(true, 0); // a reset instead of a goodbye
            }
            OutputStream out = socket.getOutputStream();
            byte[] payload = body.getBytes(StandardCharsets.UTF_8);
            out.write(("POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                            + "Content-Type: application/json\r\nContent-Length: " + payload.length + "\r\n\r\n")
                    .getBytes(StandardCharsets.UTF_8));
            out.write(payload);
            out.flush();
            InputStream in = socket.getInputStream();
            int read = 0;
            while (read < patience && in.read() >= 0) {
                read++;
            }
        }
    }

    private static void awaitIdle(LocalCluster cluster, long seed) throws Exception {
        for (URI node : cluster.nodes()) {
            new Client(node).awaitIdle("seed " + seed);
        }
    }

    private static long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }
}
