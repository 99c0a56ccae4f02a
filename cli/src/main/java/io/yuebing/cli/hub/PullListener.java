package io.yuebing.cli.hub;

import java.time.Duration;

/** Told how far fetching a repository is; called from several threads. */
public interface PullListener {
    /**
     * Fetching begins.
     *
     * @param bytes size of all files
     * @param have bytes that are on this machine already
     */
    void began(long bytes, long have);

    /** More bytes have arrived; negative when bytes had to be thrown away. */
    void received(long bytes);

    /** A file is complete and verified. */
    void fetched(RemoteFile file);

    /** Something failed and is tried again after {@code delay}. */
    void retrying(String what, String reason, Duration delay);
}
