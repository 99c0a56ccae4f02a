package io.yuebing.api;

import java.util.List;

/**
 * Pull the KV cache of the prompt from a node that keeps it: vLLM's {@code do_remote_prefill} with an address, as its
 * NixlConnector hands it out.
 *
 * @param engineId the process that keeps the blocks; it dies with them
 * @param requestId names the kept prompt there; unique per prompt
 * @param host transfer address of that node
 * @param port transfer port of that node
 * @param blockIds its blocks of the prompt that the continuation reads, in the order in which every engine lists them
 * @param readers sequences that pull it: the choices of one request
 */
public record KvPull(String engineId, String requestId, String host, int port, List<Integer> blockIds, int readers)
        implements KvTransfer {

    public KvPull {
        blockIds = List.copyOf(blockIds);
    }

    /** The same for so many sequences. */
    public KvPull forReaders(int count) {
        return new KvPull(engineId, requestId, host, port, blockIds, count);
    }
}
