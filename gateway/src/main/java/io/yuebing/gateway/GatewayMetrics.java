package io.yuebing.gateway;

import io.yuebing.api.NodeRole;
import io.yuebing.dialect.SurfaceMetrics;
import io.yuebing.dialect.SurfaceMetrics.Sample;
import java.util.Arrays;
import java.util.List;

/** The gateway's own metrics beside those of the HTTP surface. */
final class GatewayMetrics {
    private GatewayMetrics() {}

    static void register(SurfaceMetrics metrics, NodeRegistry registry, Router router) {
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
        metrics.counter(
                "yuebing:fallbacks",
                "Requests served worse than planned, by the way that was taken.",
                List.of("kind"),
                () -> Arrays.stream(Fallback.values())
                        .map(fallback -> Sample.of(router.taken(fallback), fallback.metricName()))
                        .toList());
    }
}
