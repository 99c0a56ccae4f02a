package io.yuebing.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** The caller's end of a ring: memory of the owner that payloads pass through. */
interface ReachedRing extends AutoCloseable {

    /** Its size. */
    long payloadBytes();

    /**
     * Begins to copy a payload into the ring.
     *
     * @return the checksum of the copy; {@code from} is not read any more
     */
    int put(long offset, MemorySegment from, Checksum checksum) throws IOException;

    /** Waits until everything that was put lies in the owner's memory. */
    void settle() throws IOException;

    /** A payload that the owner has put there, as long as its piece of the ring belongs to the access. */
    MemorySegment fetch(long offset, int length) throws IOException;

    /** Ends the waits of other threads: the connection is gone. */
    void abandon();

    /** Gives the ring up; no thread may be using it. */
    @Override
    void close();
}
