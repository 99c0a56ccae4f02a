package io.yuebing.gateway;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.dialect.NodeWire.MissingNode;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The nodes that live now, each under a lease that its heartbeats renew.
 *
 * <p>All live nodes serve the same model with the same fingerprint; a node that serves another is refused. Thread-safe.
 */
public final class NodeRegistry {
    private static final Logger LOG = LoggerFactory.getLogger(NodeRegistry.class);
    private static final int MOST_SUSPECTS = 256;

    private final InstantSource clock;
    private final Duration lease;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    /** Processes whose connections failed and that have not been reached since. */
    private final Set<String> suspects = new LinkedHashSet<>();

    private final MissingNodes missing;

    private long joins;

    private record Entry(NodeInfo node, Instant until) {}

    public NodeRegistry(InstantSource clock, Duration lease) {
        this.clock = clock;
        this.lease = lease;
        this.missing = new MissingNodes(clock);
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
            String why = node.label() + " serves model '" + node.model().name() + "' (fingerprint "
                    + node.model().fingerprint() + ", context "
                    + node.model().maxModelLength()
                    + "), the nodes of this gateway serve '" + mine.name() + "' (fingerprint "
                    + mine.fingerprint() + ", context " + mine.maxModelLength()
                    + "); start all nodes with the same model and settings";
            missing.add(node, why);
            throw new ServiceException(ErrorCode.INVALID_REQUEST, why, "model");
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
        suspects.remove(node.instanceId());
        missing.found(node.uri());
        if (before == null) {
            LOG.info("{} joined, model {}", node.label(), node.model().name());
            joins++;
            notifyAll();
        } else if (before.node().serving() && !node.serving()) {
            LOG.info("{} drains", node.label());
        }
    }

    /** The node cannot be reached: no request goes there until it has reported and been reached again. */
    public synchronized void lost(NodeInfo node, String why) {
        if (entries.remove(node.instanceId()) != null) {
            LOG.warn("{} lost: {}", node.label(), why);
            missing.add(node, why);
            suspects.add(node.instanceId());
            if (suspects.size() > MOST_SUSPECTS) {
                suspects.remove(suspects.iterator().next());
            }
        }
    }

    /** A node that was named is not there. */
    synchronized void absent(URI node, String why) {
        missing.add(node, "node " + node.getAuthority(), why);
    }

    /** Nodes that were lost, refused or never found, and not seen since. */
    synchronized List<MissingNode> missing() {
        dropExpired();
        return missing.all();
    }

    /** Whether the gateway could not reach this process the last time it tried. */
    public synchronized boolean suspects(NodeInfo node) {
        return suspects.contains(node.instanceId());
    }

    /** What a live node said of itself last. */
    public synchronized Optional<NodeInfo> find(String instanceId) {
        dropExpired();
        return Optional.ofNullable(entries.get(instanceId)).map(Entry::node);
    }

    /** How many nodes have joined so far. */
    public synchronized long joins() {
        return joins;
    }

    /** Waits until more nodes have joined than {@code before}, at most so long. */
    public synchronized void awaitJoin(long before, Duration longest) throws InterruptedException {
        long deadline = System.nanoTime() + longest.toNanos();
        while (joins == before) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return;
            }
            wait(left);
        }
    }

    /** The live nodes, longest known first. */
    public synchronized List<NodeInfo> live() {
        dropExpired();
        return entries.values().stream().map(Entry::node).toList();
    }

    /** The live nodes that take new work. */
    public List<NodeInfo> serving() {
        return live().stream().filter(NodeInfo::serving).toList();
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
                String why = "no heartbeat for " + lease.toMillis() + " ms";
                LOG.warn("{} lost: {}", entry.node().label(), why);
                missing.add(entry.node(), why);
            }
            return expired;
        });
    }
}
