package io.yuebing.api;

import java.net.URI;

/**
 * What a node tells the gateway about itself, at registration and with every heartbeat.
 *
 * @param instanceId unique per process start: a node that comes back at the same address is another instance
 * @param uri where its HTTP surface is
 * @param role what it does
 * @param model what it serves
 * @param state whether it takes new work
 */
public record NodeInfo(String instanceId, URI uri, NodeRole role, ModelInfo model, NodeState state) {

    /** A node that takes requests. */
    public NodeInfo(String instanceId, URI uri, NodeRole role, ModelInfo model) {
        this(instanceId, uri, role, model, NodeState.SERVING);
    }

    /** The same node in another state. */
    public NodeInfo withState(NodeState other) {
        return new NodeInfo(instanceId, uri, role, model, other);
    }

    /** Whether new work may be sent there. */
    public boolean serving() {
        return state == NodeState.SERVING;
    }

    /** For logs: role, address and the start of the instance id. */
    public String label() {
        return role.wireName() + " node " + uri.getHost() + ":" + uri.getPort();
    }
}
