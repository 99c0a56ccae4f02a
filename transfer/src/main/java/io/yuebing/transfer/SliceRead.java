package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Bytes to be copied from a remote segment to here.
 *
 * <p>They are verified after they have arrived, so what the target holds is meaningless until the read has succeeded.
 *
 * @param local the target; belongs to the transport until the read has ended
 */
public record SliceRead(UUID ticket, long generation, long remoteOffset, MemorySegment local) implements Slice {}
