package io.yuebing.gateway;

import java.util.Locale;

/** The ways in which a request can be served worse than planned; each is logged when it happens first and counted. */
public enum Fallback {
    /** No node of one role lives: one node computes the prompt and generates. */
    AGGREGATED_ON_ONE_NODE,
    /** A node failed before anything was delivered: another plan is tried. */
    RETRIED_ON_OTHER_NODES,
    /** A node failed in the stream: other nodes go on from the prompt and the tokens delivered. */
    CONTINUED_ON_OTHER_NODES,
    /** The KV cache did not arrive: the node that generates computes the prompt again. */
    RECOMPUTED_AFTER_FAILED_TRANSFER,
    /** No live node could serve the request: it waited for one. */
    WAITED_FOR_NODES;

    /** The label value in metrics. */
    public String metricName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
