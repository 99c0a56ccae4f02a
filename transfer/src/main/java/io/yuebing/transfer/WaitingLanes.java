package io.yuebing.transfer;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Lanes of a {@link TransferQueue} whose senders wait; belongs to the queue's lock.
 *
 * <p>Some are idle: there was nothing to send. Some are starved: there was, but credit or room in the ring was missing.
 * A sender that wakes up for nothing costs more than a small slice, so each hears only of what it waits for.
 */
final class WaitingLanes {
    /** The longest first; those that are about to wake up are no longer among them. */
    private final Set<QueueLane> lanes = new LinkedHashSet<>();

    /** Waits until the lane is woken. */
    void await(QueueLane lane, boolean starved) throws InterruptedException {
        lane.starved = starved;
        if (starved) {
            // what this lane was woken for is for another one
            wakeIdle(1);
        }
        lanes.add(lane);
        try {
            lane.sendable.await();
        } finally {
            lanes.remove(lane);
        }
    }

    /** There is more to send. */
    void wakeIdle(int items) {
        lanes.stream().filter(lane -> !lane.starved).limit(items).toList().forEach(this::wake);
    }

    /** The lane has credit or room again. */
    void refilled(QueueLane lane) {
        if (lane.starved && lanes.contains(lane)) {
            wake(lane);
        }
    }

    /** Something has ended. */
    void wakeAll() {
        List.copyOf(lanes).forEach(this::wake);
    }

    private void wake(QueueLane lane) {
        lanes.remove(lane);
        lane.sendable.signal();
    }
}
