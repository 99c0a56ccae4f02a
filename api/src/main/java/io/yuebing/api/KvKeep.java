package io.yuebing.api;

/**
 * Compute the prompt, sample one token, and keep the KV cache for somebody who pulls it: vLLM's {@code do_remote_decode}
 * without an address.
 *
 * @param name under which the one who pulls may ask for it: {@code transfer_id}, or the request's own id
 */
public record KvKeep(String name) implements KvTransfer {}
