package io.yuebing.transfer;

import java.util.List;
import java.util.UUID;

/**
 * An open way into one remote segment. Any thread may call; batches of one priority start in the order of the
 * calls, and there is no order between slices.
 *
 * <p>When the session breaks, every batch that has not ended fails with kind {@code CONNECTION_LOST}; a new session has
 * to be opened. A write that is sent again over it lands once more in the same place, so repeating is safe as long as
 * its ticket lives.
 */
public interface TransferSession extends AutoCloseable {

    PeerAddress peer();

    /** How the bytes travel. */
    TransferRoute route();

    /** Connections that are open now. */
    int lanes();

    /** Name of the remote segment. */
    String segment();

    /** What the peer said of itself at the handshake. */
    byte[] peerHello();

    /** Size of the remote segment. */
    long segmentBytes();

    /** The longest slice that the peer takes. */
    int maxSliceBytes();

    /**
     * Queues a batch. Returns at once: the bytes in flight are bounded by the session, the queue by what callers leave
     * waiting for {@link TransferBatch#done()}.
     *
     * @param slices at least one; reads and writes may be mixed
     * @throws TransferException if the session is closed, or a slice is longer than {@link #maxSliceBytes()} or leaves
     *     the segment
     */
    TransferBatch submit(List<? extends Slice> slices, BatchOptions options) throws TransferException;

    /** Tells the peer that nothing more will come for a ticket. Does nothing on a closed session. */
    void drop(UUID ticket, long generation);

    /** Bytes that are sent and not acknowledged. */
    long bytesInFlight();

    boolean isOpen();

    /** Fails every batch that has not ended, with kind {@code CANCELLED}. */
    @Override
    void close();
}
