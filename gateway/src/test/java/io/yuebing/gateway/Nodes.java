package io.yuebing.gateway;

import io.yuebing.api.GenerationDefaults;
import io.yuebing.api.ModelInfo;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.NodeRole;
import java.net.URI;
import java.util.List;

/** Nodes that exist only in tests. */
final class Nodes {
    static final ModelInfo MODEL = new ModelInfo("demo", 4096, 2048, List.of(1), GenerationDefaults.NONE, "f00d");

    private Nodes() {}

    static NodeInfo prefill(int port) {
        return node(NodeRole.PREFILL, port);
    }

    static NodeInfo decode(int port) {
        return node(NodeRole.DECODE, port);
    }

    static NodeInfo both(int port) {
        return node(NodeRole.BOTH, port);
    }

    static NodeInfo node(NodeRole role, int port) {
        return new NodeInfo("instance-" + port, URI.create("http://127.0.0.1:" + port), role, MODEL);
    }
}
