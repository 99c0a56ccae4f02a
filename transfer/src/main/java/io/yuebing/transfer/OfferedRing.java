package io.yuebing.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** The owner's end of a ring: memory of one connection that payloads pass through. */
interface OfferedRing extends AutoCloseable {

    /** How the peer finds it. */
    Frame.MemoryOffer offer();

    /** Where payloads lie. */
    MemorySegment payloads();

    /** The peer has it, or does not want it: nobody else needs to find it. */
    void unlink() throws IOException;

    /** Gives the memory up. */
    @Override
    void close();
}
