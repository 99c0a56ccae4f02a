package io.yuebing.gateway;

import io.yuebing.api.NodeInfo;

/** Which nodes serve a request. */
public sealed interface Plan {

    /** One node computes the prompt, another generates. */
    record Disaggregated(NodeInfo prefill, NodeInfo decode) implements Plan {}

    /**
     * One node does everything.
     *
     * @param node which
     * @param forLackOfRole true if the cluster is meant to be disaggregated but a role has no live node
     */
    record Aggregated(NodeInfo node, boolean forLackOfRole) implements Plan {}
}
