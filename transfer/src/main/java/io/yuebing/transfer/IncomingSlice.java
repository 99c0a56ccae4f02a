package io.yuebing.transfer;

import java.util.UUID;

/**
 * One verified write on its way into a {@link Segment}.
 *
 * @param ticket what the writer was given as its permission
 * @param generation the ticket's generation as the writer knows it
 * @param offset first byte in the segment; {@code offset + length} is within the segment
 * @param length number of bytes, at least 1
 */
public record IncomingSlice(UUID ticket, long generation, long offset, int length) {}
