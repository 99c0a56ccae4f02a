package io.yuebing.api;

import java.net.URI;

/**
 * What a node tells the gateway about itself, at registration and with every heartbeat.
 *
 * @param instanceId unique per process start: a node that comes back at the same address is another instance
 * @param uri where its HTTP surface is
 * @param role what it does
 * @param model what it serves
 */
public record NodeInfo(String instanceId, URI uri, NodeRole role, ModelInfo model) {

    /** For logs: role, address and the start of the instance id. */
    public String label() {
        return role.wireName() + " node " + uri.getHost() + ":" + uri.getPort();
    }
}
