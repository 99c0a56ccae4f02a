package io.yuebing.cli.top;

import io.yuebing.api.NodeInfo;
import io.yuebing.cli.cluster.ClusterClient;
import io.yuebing.cli.cluster.Exposition;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Asks a gateway and its nodes how they are, again and again; remembers nodes that the gateway has lost for a while. */
final class Watch implements AutoCloseable {
    /** Long enough that whoever looks up from something else still sees it. */
    private static final Duration MEMORY = Duration.ofSeconds(60);

    private final URI gateway;
    private final ClusterClient client;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<URI, Seen> seen = new LinkedHashMap<>();

    private record Seen(NodeInfo node, long nanos) {}

    /** @param patience with each answer */
    Watch(URI gateway, Duration patience) {
        this.gateway = gateway;
        this.client = new ClusterClient(patience);
    }

    /** Asks all at a time. */
    Reading read() throws InterruptedException {
        long now = System.nanoTime();
        Future<Optional<Exposition>> gatewayMetrics = threads.submit(() -> metrics(gateway));
        Optional<String> failure = Optional.empty();
        List<URI> listed = new ArrayList<>();
        try {
            for (NodeInfo node : listedNodes()) {
                listed.add(node.uri());
                seen.put(node.uri(), new Seen(node, now));
            }
        } catch (IOException e) {
            failure = Optional.of(String.valueOf(e.getMessage()));
        }
        seen.values().removeIf(known -> now - known.nanos() > MEMORY.toNanos());
        Map<NodeInfo, Future<Optional<Exposition>>> asked = new LinkedHashMap<>();
        seen.values()
                .forEach(known -> asked.put(
                        known.node(), threads.submit(() -> metrics(known.node().uri()))));
        List<Reading.Node> nodes = new ArrayList<>();
        for (Map.Entry<NodeInfo, Future<Optional<Exposition>>> each : asked.entrySet()) {
            nodes.add(new Reading.Node(
                    each.getKey(),
                    answer(each.getValue()),
                    failure.isPresent() || listed.contains(each.getKey().uri())));
        }
        return new Reading(now, answer(gatewayMetrics), nodes, failure);
    }

    /** The gateway's nodes; a node that serves without a gateway is its own. */
    private List<NodeInfo> listedNodes() throws IOException, InterruptedException {
        try {
            return client.nodes(gateway);
        } catch (IOException e) {
            try {
                return List.of(client.info(gateway));
            } catch (IOException _) {
                throw e;
            }
        }
    }

    private Optional<Exposition> metrics(URI server) throws InterruptedException {
        try {
            return Optional.of(client.metrics(server));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    private static Optional<Exposition> answer(Future<Optional<Exposition>> asked) throws InterruptedException {
        try {
            return asked.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("metrics could not be asked for", e.getCause());
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
        client.close();
    }
}
