package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Bytes to be copied from here into a remote segment.
 *
 * <p>The CRC32C of the bytes is computed when they are sent, on the sender's thread.
 *
 * @param ticket permission that the owner of the remote segment gave out
 * @param generation the ticket's generation
 * @param remoteOffset first byte in the remote segment
 * @param source the bytes, off-heap and accessible from any thread; must not change until the write has ended
 */
public record SliceWrite(UUID ticket, long generation, long remoteOffset, MemorySegment source) {

    public long length() {
        return source.byteSize();
    }
}
