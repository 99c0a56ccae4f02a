package io.yuebing.transfer;

import java.util.Optional;

/**
 * How a session's bytes travel.
 *
 * @param protocol for example {@code shm}
 * @param why one clause for the log
 * @param fallback if a faster way should have been possible
 */
public record TransferRoute(String protocol, String why, Optional<TransferFallback> fallback) {}
