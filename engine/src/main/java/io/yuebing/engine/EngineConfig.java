package io.yuebing.engine;

import io.yuebing.api.UserError;
import io.yuebing.kv.ElementType;

/**
 * The limits of an engine.
 *
 * @param blockSize tokens in a KV block
 * @param blocks KV blocks in the pool
 * @param maxBatchedTokens most tokens computed in one step, prompts and generation together
 * @param maxSequences most sequences computed in one step; reservations count as sequences
 * @param maxQueuedSequences most sequences beyond {@code maxSequences} that are accepted before requests are refused
 * @param maxModelLength most tokens of a sequence, prompt and output together
 * @param kvType element type of the KV cache
 * @param prefixCaching reuse blocks of equal prompt beginnings
 * @param hashSeed root of the prefix hashes; equal seeds give equal hashes in every process
 */
public record EngineConfig(
        int blockSize,
        int blocks,
        int maxBatchedTokens,
        int maxSequences,
        int maxQueuedSequences,
        int maxModelLength,
        ElementType kvType,
        boolean prefixCaching,
        String hashSeed) {

    public EngineConfig {
        atLeast("block size", blockSize, 1);
        atLeast("number of KV blocks", blocks, 1);
        atLeast("number of batched tokens", maxBatchedTokens, 1);
        atLeast("number of sequences", maxSequences, 1);
        atLeast("number of queued sequences", maxQueuedSequences, 0);
        atLeast("model length", maxModelLength, 1);
    }

    /** Sequences that may be in progress at once, running or waiting. */
    int maxAccepted() {
        return Math.addExact(maxSequences, maxQueuedSequences);
    }

    private static void atLeast(String what, int value, int least) {
        if (value < least) {
            throw new UserError("The " + what + " must be at least " + least + ", got " + value + ".");
        }
    }
}
