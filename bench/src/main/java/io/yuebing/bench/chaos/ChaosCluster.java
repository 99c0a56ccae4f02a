package io.yuebing.bench.chaos;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/** A gateway with prefill and decode nodes, each its own process, joined by links and wires that can fail. */
final class ChaosCluster implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(60);

    private final Path logs;
    private final Surroundings surroundings;
    private final List<ChaosNode> nodes = new ArrayList<>();
    private final Process gateway;
    private final URI uri;

    ChaosCluster(ChaosOptions options) throws IOException, InterruptedException {
        logs = Files.createTempDirectory("yuebing-chaos-");
        int count = options.prefillNodes() + options.decodeNodes();
        surroundings = Surroundings.make(options.network(), count, logs);
        boolean wires = surroundings.network().isPresent();
        try {
            for (int i = 0; i < count; i++) {
                boolean prefill = i < options.prefillNodes();
                boolean linked = !wires || i == 0 || i == options.prefillNodes();
                nodes.add(new ChaosNode(options, prefill ? "prefill" : "decode", i, linked, surroundings));
            }
        } catch (IOException e) {
            nodes.forEach(ChaosNode::close);
            surroundings.close();
            throw e;
        }
        int port = freePort();
        uri = URI.create("http://127.0.0.1:" + port);
        List<String> arguments = new ArrayList<>(List.of(
                "gateway",
                "--port=" + port,
                "--nodes=" + nodes.stream().map(node -> node.uri().toString()).collect(Collectors.joining(",")),
                "--exit-with-parent"));
        if (!options.model().isEmpty()) {
            arguments.add("--model=" + options.model());
        }
        gateway = new ProcessBuilder(options.command().apply(arguments))
                .redirectErrorStream(true)
                .redirectOutput(Redirect.to(logs.resolve("gateway.log").toFile()))
                .start();
        try {
            await("every node serves", START, () -> {
                for (ChaosNode node : nodes) {
                    if (!node.serves()) {
                        return false;
                    }
                }
                return true;
            });
            await("the gateway knows every node", START, () -> new ChaosClient(uri).knownNodes() == nodes.size());
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    URI uri() {
        return uri;
    }

    Surroundings surroundings() {
        return surroundings;
    }

    List<ChaosNode> nodes() {
        return nodes;
    }

    /** What the processes wrote. */
    Path logs() {
        return logs;
    }

    boolean gatewayLives() {
        return gateway.isAlive();
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** Waits for a condition; one that fails is not true yet. */
    static void await(String what, Duration longest, Callable<Boolean> condition)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + longest.toNanos();
        Exception last = new IOException("never true");
        while (System.nanoTime() < deadline) {
            try {
                if (condition.call()) {
                    return;
                }
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                last = e;
            }
            Thread.sleep(50);
        }
        throw new IOException("expected within " + longest.toSeconds() + " s: " + what, last);
    }

    @Override
    public void close() {
        gateway.destroyForcibly();
        nodes.forEach(ChaosNode::close);
        surroundings.close();
    }
}
