package io.yuebing.transfer;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What waits in a {@link TransferQueue} for its turn on a lane. */
sealed interface QueueItem {
    /** Null if it belongs to none. */
    @Nullable
    QueuedBatch batch();

    long bytes();

    /** One slice of a batch. */
    record OfSlice(QueuedBatch batch, Slice slice) implements QueueItem {
        @Override
        public long bytes() {
            return slice.length();
        }
    }

    /** The message that follows the last slice of a batch. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record OfNotice(QueuedBatch batch, byte[] message) implements QueueItem {
        @Override
        public long bytes() {
            return 0;
        }
    }

    /** Word that a ticket is given up. */
    record OfDrop(UUID ticket, long generation) implements QueueItem {
        @Override
        public @Nullable QueuedBatch batch() {
            return null;
        }

        @Override
        public long bytes() {
            return 0;
        }
    }

    /**
     * An item with its place in the order of a lane.
     *
     * @param ringOffset of its payload in the lane's ring; {@link Frame#INLINE} if it is in none
     * @param ringMark end of that payload
     */
    record Outgoing(long sequence, QueueItem item, long ringOffset, long ringMark) {
        boolean inRing() {
            return ringOffset != Frame.INLINE;
        }
    }
}
