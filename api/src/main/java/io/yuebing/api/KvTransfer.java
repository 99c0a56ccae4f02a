package io.yuebing.api;

/** What becomes of a request's KV cache if not everything happens on one node: {@code kv_transfer_params}. */
public sealed interface KvTransfer permits KvTransferParams, KvKeep, KvPull, KvRendezvous {}
