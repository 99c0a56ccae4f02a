package io.yuebing.gateway;

import io.yuebing.api.NodeRole;
import io.yuebing.dialect.SurfaceMetrics;
import io.yuebing.dialect.SurfaceMetrics.Sample;
import java.util.Arrays;
import java.util.List;

/** The gateway's own metrics beside those of the HTTP surface. */
final class GatewayMetrics {
    private GatewayMetrics() {}

    private static final double[] PAUSE_SECONDS = {
        0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 20, 40
    };

    /** Registers everything; what is returned is counted by the router. */
    static RouterCounters register(SurfaceMetrics metrics, NodeRegistry registry) {
        RouterCounters counters = new RouterCounters(metrics.histogram(
                "yuebing:failover_pause_seconds",
                "Time without a token that a failover cost a stream, from the event before it to the one after it.",
                PAUSE_SECONDS));
        metrics.gauge(
                "yuebing:nodes",
                "Live nodes.",
                List.of("role"),
                () -> Arrays.stream(NodeRole.values())
                        .map(role -> Sample.of(
                                registry.live().stream()
                                        .filter(node -> node.role() == role)
                                        .count(),
                                role.wireName()))
                        .toList());
        metrics.gauge(
                "yuebing:nodes_draining",
                "Live nodes that take no new work.",
                () -> registry.live().stream().filter(node -> !node.serving()).count());
        metrics.gauge(
                "yuebing:nodes_missing",
                "Nodes that were lost, refused or never found, and have not been seen since.",
                () -> registry.missing().size());
        metrics.counter(
                "yuebing:fallbacks",
                "Requests served worse than planned, by the way that was taken.",
                List.of("kind"),
                () -> Arrays.stream(Fallback.values())
                        .map(fallback -> Sample.of(counters.taken(fallback), fallback.metricName()))
                        .toList());
        metrics.counter(
                "yuebing:failovers",
                "Failures of nodes, connections and transfers under a request that went on all the same, by cause.",
                List.of("cause"),
                () -> Arrays.stream(FailoverCause.values())
                        .map(cause -> Sample.of(counters.failovers(cause), cause.metricName()))
                        .toList());
        metrics.counter(
                "yuebing:recomputed_tokens",
                "Tokens of prompts and outputs computed once more because of a failover.",
                counters::recomputedTokens);
        metrics.counter(
                "yuebing:suspected_requests",
                "Requests given up because nodes kept dying under them.",
                counters::suspectedRequests);
        return counters;
    }
}
