package io.yuebing.engine;

import io.yuebing.api.UserError;
import io.yuebing.kv.ElementType;
import io.yuebing.model.CausalLm;
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
     * What sequences of full length need.
     *
     * @param bytesPerBlock all layers that share a block
     * @param blocksPerSequence blocks of one, where those behind a window are given back
     */
    public record Need(long bytesPerBlock, int blocksPerSequence) {

        /** The need of a model's sequences of {@code maxLength} tokens, computed in steps of {@code stepTokens}. */
        public static Need of(CausalLm model, int blockSize, ElementType type, int maxLength, int stepTokens) {
            int blocks = model.layerGroups().stream()
                    .mapToInt(group -> group.mostBlocksSetAside(maxLength, stepTokens, blockSize))
                    .reduce(0, Math::addExact);
            return new Need(model.kvLayout(1, blockSize, type).byteSize(), blocks);
        }
    }

    /**
     * Chooses.
     *
     * @param wishedBlocks setting {@code kv-blocks}
     * @param wishedBytes setting {@code kv-memory}
     * @param machineBytes the machine's memory
     * @throws UserError if the result cannot hold one sequence of full length
     */
    public static KvSizing choose(
            Optional<Integer> wishedBlocks, Optional<Long> wishedBytes, Need need, long machineBytes) {
        long blocks;
        String reason;
        if (wishedBlocks.isPresent()) {
            blocks = wishedBlocks.get();
            reason = "kv-blocks";
        } else if (wishedBytes.isPresent()) {
            blocks = wishedBytes.get() / need.bytesPerBlock();
            reason = "kv-memory";
        } else {
            long byMemory = (long) (machineBytes * MEMORY_SHARE) / need.bytesPerBlock();
            long bySequences = (long) FULL_LENGTH_SEQUENCES * need.blocksPerSequence();
            blocks = Math.min(byMemory, bySequences);
            reason = byMemory < bySequences
                    ? "a quarter of the machine's memory"
                    : FULL_LENGTH_SEQUENCES + " sequences of full length";
        }
        if (blocks < need.blocksPerSequence()) {
            throw new UserError("the KV cache has room for " + blocks + " blocks (" + reason + "), but one sequence of"
                    + " full length needs " + need.blocksPerSequence()
                    + "; give it more with kv-memory or shorten sequences with max-model-len");
        }
        if (blocks > Integer.MAX_VALUE) {
            throw new UserError("the KV cache would have " + blocks + " blocks; at most " + Integer.MAX_VALUE
                    + " can be addressed, use a larger block-size");
        }
        return new KvSizing((int) blocks, blocks * need.bytesPerBlock(), reason);
    }
}
