package io.yuebing.engine;

import io.yuebing.api.UserError;
import java.util.Optional;

/**
 * How many KV blocks an engine holds, with the reason for the start-up log.
 *
 * @param blocks number of blocks
 * @param bytes their memory
 * @param reason what decided
 */
public record KvSizing(int blocks, long bytes, String reason) {

    /** Without other wishes the KV cache takes at most this share of the machine's memory. */
    private static final double MEMORY_SHARE = 0.25;

    /** Without other wishes the KV cache holds at most this many sequences of full length. */
    private static final int FULL_LENGTH_SEQUENCES = 16;

    /**
     * Chooses.
     *
     * @param wishedBlocks setting {@code kv-blocks}
     * @param wishedBytes setting {@code kv-memory}
     * @param bytesPerBlock all layers of one block
     * @param blocksPerSequence blocks of a sequence of full length
     * @param machineBytes the machine's memory
     * @throws UserError if the result cannot hold one sequence of full length
     */
    public static KvSizing choose(
            Optional<Integer> wishedBlocks,
            Optional<Long> wishedBytes,
            long bytesPerBlock,
            int blocksPerSequence,
            long machineBytes) {
        long blocks;
        String reason;
        if (wishedBlocks.isPresent()) {
            blocks = wishedBlocks.get();
            reason = "kv-blocks";
        } else if (wishedBytes.isPresent()) {
            blocks = wishedBytes.get() / bytesPerBlock;
            reason = "kv-memory";
        } else {
            long byMemory = (long) (machineBytes * MEMORY_SHARE) / bytesPerBlock;
            long bySequences = (long) FULL_LENGTH_SEQUENCES * blocksPerSequence;
            blocks = Math.min(byMemory, bySequences);
            reason = byMemory < bySequences
                    ? "a quarter of the machine's memory"
                    : FULL_LENGTH_SEQUENCES + " sequences of full length";
        }
        if (blocks < blocksPerSequence) {
            throw new UserError("the KV cache has room for " + blocks + " blocks (" + reason + "), but one sequence of"
                    + " full length needs " + blocksPerSequence
                    + "; give it more with kv-memory or shorten sequences with max-model-len");
        }
        if (blocks > Integer.MAX_VALUE) {
            throw new UserError("the KV cache would have " + blocks + " blocks; at most " + Integer.MAX_VALUE
                    + " can be addressed, use a larger block-size");
        }
        return new KvSizing((int) blocks, blocks * bytesPerBlock, reason);
    }
}
