package io.yuebing.gateway;

import io.yuebing.api.NodeInfo;
import io.yuebing.dialect.ApiExchange;
import io.yuebing.dialect.ApiRoutes;
import io.yuebing.dialect.NodeWire;
import java.util.Map;

/** What nodes ask of the gateway: to be known; and what operators ask: who is known. */
final class GatewayRoutes {
    private final NodeRegistry registry;
    private final NodeClient nodes;

    GatewayRoutes(NodeRegistry registry, NodeClient nodes) {
        this.registry = registry;
        this.nodes = nodes;
    }

    void addTo(ApiRoutes routes) {
        routes.post(NodeWire.REGISTER, this::register)
                .get(NodeWire.NODES, exchange -> NodeWire.send(exchange, registry.live()))
                .get(NodeWire.MISSING, exchange -> NodeWire.send(exchange, registry.missing()))
                .get(NodeWire.CLOCK, exchange -> NodeWire.send(exchange, NodeWire.Clock.now()));
    }

    private void register(ApiExchange exchange) throws InterruptedException {
        NodeInfo node = NodeWire.read(exchange, NodeInfo.class);
        if (registry.suspects(node)) {
            // That it can reach the gateway does not mean that the gateway can reach it.
            var unused = nodes.info(node.uri());
        }
        registry.seen(node);
        NodeWire.send(exchange, Map.of());
    }
}
