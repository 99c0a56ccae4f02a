package io.yuebing.gateway;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The nodes that live now, each under a lease that its heartbeats renew.
 *
 * <p>All live nodes serve the same model with the same fingerprint; a node that serves another is refused. Thread-safe.
 */
public final class NodeRegistry {
    private static final Logger LOG = LoggerFactory.getLogger(NodeRegistry.class);

    private final InstantSource clock;
    private final Duration lease;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private record Entry(NodeInfo node, Instant until) {}

    public NodeRegistry(InstantSource clock, Duration lease) {
        this.clock = clock;
        this.lease = lease;
    }

    /**
     * A node has said that it lives: registers it or renews its lease.
     *
     * @throws ServiceException if it serves another model than the nodes that live
     */
    public synchronized void seen(NodeInfo node) {
        dropExpired();
        Optional<ModelInfo> served = model();
        if (served.isPresent() && !served.get().equals(node.model()) && !entries.containsKey(node.instanceId())) {
            ModelInfo mine = served.get();
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    node.label() + " serves model '" + node.model().name() + "' (fingerprint "
                            + node.model().fingerprint() + ", context "
                            + node.model().maxModelLength()
                            + "), the nodes of this gateway serve '" + mine.name() + "' (fingerprint "
                            + mine.fingerprint() + ", context " + mine.maxModelLength()
                            + "); start all nodes with the same model and settings",
                    "model");
        }
        entries.values().removeIf(entry -> {
            boolean restarted = entry.node().uri().equals(node.uri())
                    && !entry.node().instanceId().equals(node.instanceId());
            if (restarted) {
                LOG.info("{} has restarted", node.label());
            }
            return restarted;
        });
        Entry before =
                entries.put(node.instanceId(), new Entry(node, clock.instant().plus(lease)));
        if (before == null) {
            LOG.info("{} joined, model {}", node.label(), node.model().name());
        }
    }

    /** A connection to the node failed: no request goes there until its next heartbeat. */
    public synchronized void lost(NodeInfo node, String why) {
        if (entries.remove(node.instanceId()) != null) {
            LOG.warn("{} lost: {}", node.label(), why);
        }
    }

    /** The live nodes, longest known first. */
    public synchronized List<NodeInfo> live() {
        dropExpired();
        return entries.values().stream().map(Entry::node).toList();
    }

    /** The model that the live nodes serve. */
    public synchronized Optional<ModelInfo> model() {
        return entries.values().stream().findFirst().map(entry -> entry.node().model());
    }

    private void dropExpired() {
        Instant now = clock.instant();
        entries.values().removeIf(entry -> {
            boolean expired = entry.until().isBefore(now);
            if (expired) {
                LOG.warn("{} lost: no heartbeat for {} ms", entry.node().label(), lease.toMillis());
            }
            return expired;
        });
    }
}
