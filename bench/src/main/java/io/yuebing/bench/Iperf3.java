package io.yuebing.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Asks iperf3 how fast TCP over this host's loopback is. */
final class Iperf3 {
    private static final int ATTEMPTS = 20;

    private Iperf3() {}

    /** GB/s that arrived; empty if iperf3 is not installed or does not answer. */
    static Optional<Double> measure(Duration time) throws InterruptedException {
        @Nullable Process server = null;
        try {
            int port;
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            server = process("iperf3", "-s", "-1", "-B", "127.0.0.1", "-p", Integer.toString(port));
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                Optional<Double> speed = ask(port, Math.max(1, time.toSeconds()));
                if (speed.isPresent()) {
                    return speed;
                }
                // it may not listen yet
                server.waitFor(100, TimeUnit.MILLISECONDS);
            }
            return Optional.empty();
        } catch (IOException _) {
            return Optional.empty();
        } finally {
            if (server != null) {
                server.destroy();
            }
        }
    }

    private static Optional<Double> ask(int port, long seconds) throws IOException {
        Process client =
                process("iperf3", "-c", "127.0.0.1", "-p", Integer.toString(port), "-t", Long.toString(seconds), "-J");
        try {
            double bits = JsonMapper.shared()
                    .readTree(new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .path("end")
                    .path("sum_received")
                    .path("bits_per_second")
                    .asDouble(0);
            return bits > 0 ? Optional.of(bits / 8e9) : Optional.empty();
        } catch (JacksonException _) {
            return Optional.empty();
        }
    }

    private static Process process(String... command) throws IOException {
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}
