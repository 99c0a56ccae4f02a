package io.yuebing.transfer;

import java.util.UUID;

/**
 * One access to a {@link Segment} that a peer asks for.
 *
 * @param ticket what the peer was given as its permission
 * @param generation the ticket's generation as the peer knows it
 * @param offset first byte in the segment; {@code offset + length} is within the segment
 * @param length number of bytes, at least 1
 */
public record IncomingSlice(UUID ticket, long generation, long offset, int length) {}
