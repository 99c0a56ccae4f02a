package io.yuebing.gateway;

import io.yuebing.api.ServiceException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks nodes that do not register themselves whether they live, one thread per node. */
final class NodeProber implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeProber.class);
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final NodeClient client;
    private final NodeRegistry registry;
    private final List<Thread> threads;
    private final Set<URI> complained = ConcurrentHashMap.newKeySet();

    private NodeProber(NodeClient client, NodeRegistry registry, List<URI> nodes) {
        this.client = client;
        this.registry = registry;
        this.threads = nodes.stream()
                .map(node ->
                        Thread.ofVirtual().name("probe-" + node.getAuthority()).unstarted(() -> run(node)))
                .toList();
    }

    static NodeProber start(NodeClient client, NodeRegistry registry, List<URI> nodes) {
        NodeProber prober = new NodeProber(client, registry, nodes);
        prober.threads.forEach(Thread::start);
        return prober;
    }

    private void run(URI node) {
        try {
            while (true) {
                probe(node);
                Thread.sleep(INTERVAL);
            }
        } catch (InterruptedException e) {
            LOG.debug("probing of {} ends", node);
        }
    }

    private void probe(URI node) throws InterruptedException {
        try {
            registry.seen(client.info(node));
            complained.remove(node);
        } catch (ServiceException e) {
            registry.absent(node, String.valueOf(e.getMessage()));
            if (complained.add(node)) {
                LOG.warn("node {}: {}", node.getAuthority(), e.getMessage());
            }
        }
    }

    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
    }
}
