package io.yuebing.engine;

/**
 * What an engine does and has done, as of its last step. Block counts are of this moment; all others but the first two
 * count from the start.
 *
 * @param runningSequences sequences that get tokens in each step
 * @param waitingSequences sequences that wait for blocks or a place
 * @param totalBlocks KV blocks of the pool
 * @param freeBlocks blocks without content
 * @param cachedBlocks unused blocks whose content can be reused
 * @param heldBlocks blocks of reservations and of prompts whose hand-off is under way; a shared one counts for each holder
 * @param preemptions sequences that had to give up their blocks and compute them again
 * @param prefixCacheQueriedTokens tokens looked for in the prefix cache
 * @param prefixCacheHitTokens tokens found there
 * @param promptTokens prompt tokens of sequences whose prompt is done
 * @param generatedTokens tokens sampled
 * @param steps forward passes
 * @param failedSteps forward passes that ended in an error
 * @param integrityViolations checks of the block pool that found lost or invented blocks; anything but 0 is a defect
 */
public record EngineStats(
        int runningSequences,
        int waitingSequences,
        int totalBlocks,
        int freeBlocks,
        int cachedBlocks,
        int heldBlocks,
        long preemptions,
        long prefixCacheQueriedTokens,
        long prefixCacheHitTokens,
        long promptTokens,
        long generatedTokens,
        long steps,
        long failedSteps,
        long integrityViolations) {

    /** Share of the pool that sequences, reservations and hand-offs hold, 0 to 1. */
    public double usage() {
        return 1 - (double) (freeBlocks + cachedBlocks) / totalBlocks;
    }
}
