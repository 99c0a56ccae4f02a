package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Bytes to be copied from here into a remote segment.
 *
 * <p>The CRC32C of the bytes is computed when they are sent, on the sender's thread.
 *
 * @param local the source; must not change until the write has ended
 */
public record SliceWrite(UUID ticket, long generation, long remoteOffset, MemorySegment local) implements Slice {}
