package io.yuebing.connector;

/**
 * What a {@link KvPusher} has done since its start.
 *
 * @param active pushes that have not ended
 * @param bytesWaitingRelease KV bytes of computed prompts whose delivery is not acknowledged yet, now
 * @param completed pushes whose every block was acknowledged
 * @param failed pushes that ended with a failure
 * @param aborted pushes that the engine ended early
 * @param slices acknowledged slices: one block of one layer each
 * @param bytes acknowledged KV bytes
 * @param reusedBytes KV bytes of completed pushes that were not sent because the decode node had them
 * @param retries parts of a push that had to be sent again
 * @param transferSeconds time from the first announced block to the end, summed over completed pushes
 * @param exposedSeconds the part of it after the prompt was computed, which the overlap did not hide
 */
public record KvPusherStats(
        int active,
        long bytesWaitingRelease,
        long completed,
        long failed,
        long aborted,
        long slices,
        long bytes,
        long reusedBytes,
        long retries,
        double transferSeconds,
        double exposedSeconds) {}
