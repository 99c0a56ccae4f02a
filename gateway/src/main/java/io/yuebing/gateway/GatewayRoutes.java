package io.yuebing.gateway;

import io.yuebing.api.NodeInfo;
import io.yuebing.dialect.ApiRoutes;
import io.yuebing.dialect.NodeWire;
import java.util.Map;

/** What nodes ask of the gateway: to be known; and what operators ask: who is known. */
final class GatewayRoutes {
    private final NodeRegistry registry;

    GatewayRoutes(NodeRegistry registry) {
        this.registry = registry;
    }

    void addTo(ApiRoutes routes) {
        routes.post(NodeWire.REGISTER, exchange -> {
                    registry.seen(NodeWire.read(exchange, NodeInfo.class));
                    NodeWire.send(exchange, Map.of());
                })
                .get(NodeWire.NODES, exchange -> NodeWire.send(exchange, registry.live()));
    }
}
