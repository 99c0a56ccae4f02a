package io.yuebing.gateway;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.GenerateRequest;
import io.yuebing.api.Generator;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.ServiceException;
import io.yuebing.api.TokenStream;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLongArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gateway's {@link Generator}: sends each request to the nodes that a policy chooses. */
public final class Router implements Generator {
    private static final Logger LOG = LoggerFactory.getLogger(Router.class);

    private final NodeRegistry registry;
    private final NodeClient nodes;
    private final RoundRobin policy = new RoundRobin();
    private final AtomicLongArray fallbacks = new AtomicLongArray(Fallback.values().length);

    Router(NodeRegistry registry, NodeClient nodes) {
        this.registry = registry;
        this.nodes = nodes;
    }

    @Override
    public TokenStream generate(GenerateRequest request) {
        return new RoutedStream(this, request);
    }

    /** How often a fallback was taken. */
    public long taken(Fallback fallback) {
        return fallbacks.get(fallback.ordinal());
    }

    NodeClient nodes() {
        return nodes;
    }

    /** The next plan without the nodes that this request has failed on. */
    Plan plan(Set<String> failedOn) {
        List<NodeInfo> live = registry.live();
        synchronized (policy) {
            return policy.next(live, failedOn)
                    .orElseThrow(() -> new ServiceException(
                            ErrorCode.UNAVAILABLE,
                            live.isEmpty()
                                    ? "no node is connected to this gateway; start nodes with --gateway, or wait until"
                                            + " they are ready"
                                    : "all " + live.size() + " connected nodes failed on this request"));
        }
    }

    boolean hasOther(Set<String> failedOn) {
        return registry.live().stream().anyMatch(node -> !failedOn.contains(node.instanceId()));
    }

    void lost(NodeInfo node, String why) {
        registry.lost(node, why);
    }

    void count(Fallback fallback, String requestId) {
        if (fallbacks.getAndIncrement(fallback.ordinal()) == 0) {
            LOG.warn("{}: first fallback of kind {}; further ones are only counted", requestId, fallback);
        }
    }
}
