package io.yuebing.gateway;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.Generator;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The gateway's {@link Generator}: sends each request to the nodes that a policy chooses. */
public final class Router implements Generator {
    private final NodeRegistry registry;
    private final NodeClient nodes;
    private final FailoverPolicy failover;
    private final RouterCounters counters;
    private final RoundRobin policy = new RoundRobin();

    Router(NodeRegistry registry, NodeClient nodes, FailoverPolicy failover, RouterCounters counters) {
        this.registry = registry;
        this.nodes = nodes;
        this.failover = failover;
        this.counters = counters;
    }

    @Override
    public TokenStream generate(GenerateRequest request) {
        return new RoutedStream(this, request);
    }

    NodeClient nodes() {
        return nodes;
    }

    FailoverPolicy failover() {
        return failover;
    }

    RouterCounters counters() {
        return counters;
    }

    /** The next plan without some nodes; empty if no other serves. */
    Optional<Plan> plan(Set<String> without) {
        List<NodeInfo> serving = registry.serving();
        synchronized (policy) {
            return policy.next(serving, without);
        }
    }

    /** How many nodes have joined so far: to be asked before a plan that may have to wait. */
    long joins() {
        return registry.joins();
    }

    /** Waits until more nodes have joined than {@code before}, at most so long. */
    void awaitNode(long before, Duration longest) throws InterruptedException {
        registry.awaitJoin(before, longest);
    }

    /** Whether a node is known to live; it may be draining. */
    boolean lives(NodeInfo node) {
        return registry.find(node.instanceId()).isPresent();
    }

    /** Whether a node lives and takes new work. */
    boolean serves(NodeInfo node) {
        return registry.find(node.instanceId()).filter(NodeInfo::serving).isPresent();
    }

    /** Why no plan could be made. */
    ServiceException nobodyServes() {
        int live = registry.live().size();
        return new ServiceException(
                ErrorCode.UNAVAILABLE,
                live == 0
                        ? "no node is connected to this gateway; start nodes with --gateway, or wait until they are"
                                + " ready"
                        : "none of the " + live + " connected nodes can serve this request: they are draining or"
                                + " failed on it");
    }

    /**
     * Finds out what has become of a node whose connection broke. One that does not answer, or is another process now,
     * gets no requests until it reports again.
     */
    FailoverCause examine(NodeInfo node, ServiceException failure) throws InterruptedException {
        String why = String.valueOf(failure.getMessage());
        Optional<NodeInfo> known = registry.find(node.instanceId());
        if (known.isPresent() && !known.get().serving()) {
            registry.lost(node, why);
            return FailoverCause.NODE_LEAVING;
        }
        if (failure.getCause() instanceof HttpTimeoutException) {
            registry.lost(node, why);
            return FailoverCause.NODE_HUNG;
        }
        if (known.isPresent() && answers(node)) {
            return FailoverCause.CONNECTION_LOST;
        }
        registry.lost(node, why);
        return FailoverCause.NODE_DIED;
    }

    /** Whether the same process answers at the node's address. */
    boolean answers(NodeInfo node) throws InterruptedException {
        try {
            return nodes.info(node.uri()).instanceId().equals(node.instanceId());
        } catch (ServiceException e) {
            return false;
        }
    }
}
