package io.yuebing.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** The owner's end of a ring: memory of one connection that payloads pass through. */
interface OfferedRing extends AutoCloseable {

    /** How the peer finds it. */
    Frame.RingOffer offer();

    /** Where payloads lie. */
    MemorySegment payloads();

    /**
     * Whether a payload may be verified where it lies: only the peer, which would harm nobody but itself, can change it.
     */
    boolean verifiableInPlace();

    /** The peer has it, or does not want it: nobody else needs to find it. */
    void unlink() throws IOException;

    /** Gives the memory up. */
    @Override
    void close();
}
