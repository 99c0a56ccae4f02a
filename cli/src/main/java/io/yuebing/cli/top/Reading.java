package io.yuebing.cli.top;

import io.yuebing.api.NodeInfo;
import io.yuebing.cli.cluster.Exposition;
import java.util.List;
import java.util.Optional;

/**
 * What gateway and nodes said at one moment.
 *
 * @param nanos when, in terms of {@link System#nanoTime()}
 * @param gateway its metrics; empty if it did not answer, or if a node without a gateway was asked
 * @param failure why there is no list of nodes
 */
record Reading(long nanos, Optional<Exposition> gateway, List<Node> nodes, Optional<String> failure) {
    Reading {
        nodes = List.copyOf(nodes);
    }

    /**
     * A node.
     *
     * @param metrics empty if it did not answer
     * @param listed whether the gateway counts it among the live ones
     */
    record Node(NodeInfo info, Optional<Exposition> metrics, boolean listed) {}
}
