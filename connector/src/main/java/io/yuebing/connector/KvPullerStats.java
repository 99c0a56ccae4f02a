package io.yuebing.connector;

/**
 * What a {@link KvPuller} has done since its start.
 *
 * @param completed pulls whose every block arrived verified
 * @param failed pulls that ended with a failure
 * @param bytes KV bytes that arrived
 * @param reusedBytes KV bytes that were not asked for because this node had them
 * @param retries parts of a pull that had to be asked for again
 * @param failedReleases prompts whose keeper could not be told that they are not needed any more
 */
public record KvPullerStats(
        long completed, long failed, long bytes, long reusedBytes, long retries, long failedReleases) {}
