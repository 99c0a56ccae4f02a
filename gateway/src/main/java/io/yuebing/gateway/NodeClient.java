package io.yuebing.gateway;

import io.yuebing.api.GenerateRequest;
import io.yuebing.api.KvTransferParams;
import io.yuebing.api.NodeInfo;
import io.yuebing.api.TokenStream;
import java.net.URI;
import java.util.Map;

/** What the gateway asks of nodes. Every call has a deadline; failures are {@link io.yuebing.api.ServiceException}s. */
interface NodeClient {

    /** Asks the node at an address who it is. */
    NodeInfo info(URI uri) throws InterruptedException;

    /** The model's tokenizer, template and configuration files by name. */
    Map<String, byte[]> textFiles(URI uri) throws InterruptedException;

    /**
     * Reserves room on a decode node for the KV cache of a request's prompt and given output. If it fails, whatever the
     * node may have reserved is given back.
     */
    KvTransferParams reserve(NodeInfo node, GenerateRequest request) throws InterruptedException;

    /** Gives a reservation back; returns at once and never fails: the reservation's deadline is the safety net. */
    void release(NodeInfo node, KvTransferParams reservation);

    /**
     * Starts generation on a node.
     *
     * @param onHeartbeat called by the reader while the node lives and has no event; what it throws ends the stream
     */
    TokenStream generate(NodeInfo node, GenerateRequest request, Runnable onHeartbeat) throws InterruptedException;
}
