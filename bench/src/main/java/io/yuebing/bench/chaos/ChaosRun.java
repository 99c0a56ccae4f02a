package io.yuebing.bench.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Breaks processes and connections of a real cluster while clients stream, and holds every answer against the one that
 * the same cluster gave before.
 */
public final class ChaosRun {
    private static final Duration IDLE = Duration.ofSeconds(60);

    private final ChaosOptions options;
    private final List<String> failed = Collections.synchronizedList(new ArrayList<>());
    private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    private final List<String> leaks = new ArrayList<>();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicBoolean over = new AtomicBoolean();

    public ChaosRun(ChaosOptions options) {
        this.options = options;
    }

    /** Why nodes cannot live in network namespaces here; empty if they can. */
    public static Optional<String> whyNoNamespaces() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("yuebing-chaos-");
        try (Surroundings tried = Surroundings.make(ChaosOptions.Network.NAMESPACES, 1, folder)) {
            return Optional.empty();
        } catch (IOException e) {
            return Optional.ofNullable(e.getMessage());
        }
    }

    /**
     * Starts the cluster, runs, stops it.
     *
     * @throws IOException if the cluster does not start or the undisturbed requests fail
     */
    public ChaosReport run() throws IOException, InterruptedException {
        try (ChaosCluster cluster = new ChaosCluster(options)) {
            ChaosClient client = new ChaosClient(cluster.uri());
            List<Map<String, Object>> bodies = ChaosClient.requests();
            List<String> expected = new ArrayList<>();
            for (Map<String, Object> body : bodies) {
                expected.add(client.run(body));
            }
            Monkey monkey = new Monkey(cluster.nodes(), cluster.surroundings(), options.seed());
            try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < options.clients(); i++) {
                    long seed = options.seed() + 1 + i;
                    var unused = clients.submit(() -> keepAsking(client, bodies, expected, seed));
                }
                try {
                    monkey.rage(options.length());
                } finally {
                    over.set(true);
                }
            }
            if (!cluster.gatewayLives()) {
                failed.add("the gateway has ended; its log is in " + cluster.logs());
            }
            for (ChaosNode node : cluster.nodes()) {
                requireIdle(node);
            }
            return new ChaosReport(
                    options.seed(),
                    cluster.surroundings().description(),
                    requests.get(),
                    monkey.faults(),
                    List.copyOf(failed),
                    List.copyOf(wrong),
                    leaks,
                    monkey.undetected(),
                    client.longestPauseMillis());
        }
    }

    private void keepAsking(ChaosClient client, List<Map<String, Object>> bodies, List<String> expected, long seed) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        while (!over.get()) {
            int which = random.nextInt(bodies.size());
            requests.incrementAndGet();
            try {
                String answer = client.run(bodies.get(which));
                if (!answer.equals(expected.get(which))) {
                    wrong.add("request " + which + ": expected " + expected.get(which) + " and got " + answer);
                }
            } catch (IOException e) {
                failed.add("request " + which + ": " + e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void requireIdle(ChaosNode node) throws InterruptedException {
        try {
            ChaosCluster.await("the node serves", IDLE, node::serves);
            ChaosCluster.await("the node holds nothing", IDLE, () -> {
                String held = held(node);
                if (!held.isEmpty()) {
                    throw new IOException(held);
                }
                return true;
            });
            if (node.metric("yuebing:kv_integrity_violations_total") > 0) {
                leaks.add(node.label() + " has lost or invented KV blocks");
            }
        } catch (IOException e) {
            leaks.add(node.label() + ": " + e.getMessage()
                    + (e.getCause() == null ? "" : " (" + e.getCause().getMessage() + ")"));
        }
    }

    private static String held(ChaosNode node) throws IOException, InterruptedException {
        StringBuilder held = new StringBuilder();
        for (String gauge : List.of(
                "vllm:num_requests_running",
                "vllm:num_requests_waiting",
                "yuebing:kv_blocks_held",
                "yuebing:kv_reservations_open",
                "yuebing:kv_pushes_active")) {
            double value = node.metric(gauge);
            if (value > 0) {
                held.append(gauge).append(' ').append(value).append(' ');
            }
        }
        return held.toString();
    }
}
