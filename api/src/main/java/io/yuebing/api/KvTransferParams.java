package io.yuebing.api;

import java.util.List;

/**
 * A push of a prompt's KV cache into blocks that the decode node has reserved, with vLLM's field names where they mean
 * the same.
 *
 * @param doRemoteDecode compute the prompt, push its KV cache to {@code remoteHost:remotePort}, sample the first token,
 *     then stop: somebody else decodes
 * @param doRemotePrefill somebody else has computed the prompt and pushed its KV cache into the reservation here
 * @param transferId the reservation on the decode node; unique per attempt
 * @param generation the reservation's generation; a write with another one is refused
 * @param remoteHost transfer address of the decode node
 * @param remotePort transfer port of the decode node
 * @param remoteBlockIds the decode node's reserved blocks: those of the prompt that the continuation reads, in the order in
 *     which every engine lists them
 * @param cachedBlocks how many of them, from the first on, the decode node has already: they are not sent
 * @param deadlineMillis wall-clock time in milliseconds since the epoch when the reservation ends
 */
public record KvTransferParams(
        boolean doRemoteDecode,
        boolean doRemotePrefill,
        String transferId,
        long generation,
        String remoteHost,
        int remotePort,
        List<Integer> remoteBlockIds,
        int cachedBlocks,
        long deadlineMillis)
        implements KvTransfer {

    public KvTransferParams {
        remoteBlockIds = List.copyOf(remoteBlockIds);
        if (cachedBlocks < 0 || cachedBlocks > remoteBlockIds.size()) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "kv_transfer_params.cached_blocks must be in [0, " + remoteBlockIds.size()
                            + "], the number of remote_block_ids, got " + cachedBlocks,
                    "kv_transfer_params");
        }
        if (doRemoteDecode == doRemotePrefill) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "kv_transfer_params needs exactly one of do_remote_decode and do_remote_prefill, got "
                            + (doRemoteDecode ? "both" : "neither"),
                    "kv_transfer_params");
        }
    }

    /** What the prefill node is told. */
    public KvTransferParams forPrefill() {
        return with(true, remoteHost, remotePort);
    }

    /** What the decode node is told. */
    public KvTransferParams forDecode() {
        return with(false, remoteHost, remotePort);
    }

    /** The same transfer with another address of the decode node. */
    public KvTransferParams reachedAt(String host, int port) {
        return with(doRemoteDecode, host, port);
    }

    private KvTransferParams with(boolean toPrefill, String host, int port) {
        return new KvTransferParams(
                toPrefill,
                !toPrefill,
                transferId,
                generation,
                host,
                port,
                remoteBlockIds,
                cachedBlocks,
                deadlineMillis);
    }
}
