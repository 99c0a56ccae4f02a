package io.yuebing.connector;

/**
 * The state of a node's leases on computed prompts.
 *
 * @param open prompts that are kept
 * @param bytes KV bytes of their blocks
 * @param oldestSeconds age of the oldest; 0 without one
 * @param released prompts given up after they were pulled, since the start
 * @param expired prompts that nobody pulled in time, since the start
 * @param refusedReads reads that were refused, since the start
 */
public record LeaseStats(int open, long bytes, double oldestSeconds, long released, long expired, long refusedReads) {}
