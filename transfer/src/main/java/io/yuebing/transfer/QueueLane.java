package io.yuebing.transfer;

import io.yuebing.transfer.QueueItem.Outgoing;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One connection's share of a {@link TransferQueue}; the fields belong to the queue's lock. */
final class QueueLane {
    final ArrayDeque<Outgoing> inFlight = new ArrayDeque<>();
    final Set<QueueItem> touched = Collections.newSetFromMap(new IdentityHashMap<>());
    final long window;
    final @Nullable RingSpace ring;
    final Predicate<Slice> inPlace;

    /** Its sender waits for it. */
    final Condition sendable;

    /** Its sender waits although something is queued: credit or room in the ring is missing. */
    boolean starved;

    long bytesInFlight;
    long lastSequence;
    long lastProgressNanos;
    boolean ended;

    QueueLane(long window, @Nullable RingSpace ring, Predicate<Slice> inPlace, Condition sendable) {
        this.window = window;
        this.ring = ring;
        this.inPlace = inPlace;
        this.sendable = sendable;
    }
}
