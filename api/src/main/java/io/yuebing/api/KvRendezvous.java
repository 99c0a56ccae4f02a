package io.yuebing.api;

import java.net.URI;
import java.util.Optional;

/**
 * Pull the KV cache of the prompt from a node that is only now asked to compute it: vLLM's {@code do_remote_prefill} with
 * a bootstrap address, as its MooncakeConnector takes it.
 *
 * @param bootstrap HTTP address of that node
 * @param engineId the process that is meant; empty = whichever is there
 * @param name under which it keeps the prompt, {@link KvKeep#name()}
 * @param readers sequences that pull it: the choices of one request
 */
public record KvRendezvous(URI bootstrap, Optional<String> engineId, String name, int readers) implements KvTransfer {

    /** The same for another prompt. */
    public KvRendezvous named(String other) {
        return new KvRendezvous(bootstrap, engineId, other, readers);
    }
}
