package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;
import java.util.UUID;

/** One contiguous piece of a {@link TransferBatch}: local memory on one side, a range of a remote segment on the other. */
public sealed interface Slice permits SliceWrite, SliceRead {

    /** The ticket of segments whose guards ask for none. */
    UUID NO_TICKET = new UUID(0, 0);

    /** Permission that the owner of the remote segment gave out. */
    UUID ticket();

    /** The ticket's generation. */
    long generation();

    /** First byte in the remote segment. */
    long remoteOffset();

    /** The bytes on this side, off-heap and accessible from any thread. */
    MemorySegment local();

    default long length() {
        return local().byteSize();
    }
}
