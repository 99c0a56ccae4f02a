package io.yuebing.connector;

import io.yuebing.engine.BlockReservation;
import io.yuebing.kv.KvAxis;
import io.yuebing.transfer.IncomingSlice;
import io.yuebing.transfer.Payload;
import io.yuebing.transfer.Refusal;
import io.yuebing.transfer.RefusalCode;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One lease on blocks, from the first promise to its end.
 *
 * <p>Its lock decides between a write and an end: a write copies while it holds the lock and finds the state open, so a
 * block that was given back is never written to.
 *
 * <pre>
 *   OPEN --all slices--&gt; COMPLETE --take--&gt; RESUMED
 *     \                     |
 *      `--------------------+--release--&gt; RELEASED
 *                           `--deadline-&gt; EXPIRED
 * </pre>
 */
final class Reservation {
    enum State {
        OPEN,
        COMPLETE,
        RESUMED,
        RELEASED,
        EXPIRED
    }

    private final UUID id;
    private final long generation;
    private final BlockReservation blocks;
    private final TravellingBlocks travelling;
    private final Map<Integer, Integer> indexOfBlock = new HashMap<>();
    private final int layers;
    private final long openedNanos;
    private final long deadlineNanos;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final BitSet received;
    private int missing;
    private State state = State.OPEN;

    /**
     * @param expected how many of the reservation's blocks hold the prompt, from the first on, cached ones included
     */
    Reservation(
            UUID id,
            long generation,
            BlockReservation blocks,
            int expected,
            TravellingBlocks travelling,
            long openedNanos,
            long deadlineNanos) {
        this.id = id;
        this.generation = generation;
        this.blocks = blocks;
        this.travelling = travelling;
        this.layers = travelling.cache().size(KvAxis.LAYER);
        this.openedNanos = openedNanos;
        this.deadlineNanos = deadlineNanos;
        int[] ids = blocks.blockIds();
        for (int i = blocks.cachedBlocks(); i < expected; i++) {
            indexOfBlock.put(ids[i], i - blocks.cachedBlocks());
        }
        this.missing = layers * indexOfBlock.size();
        this.received = new BitSet(missing);
        if (missing == 0) {
            state = State.COMPLETE;
        }
    }

    UUID id() {
        return id;
    }

    long generation() {
        return generation;
    }

    BlockReservation blocks() {
        return blocks;
    }

    /** Slices of a complete transfer: layers times blocks that are not cached. */
    int slices() {
        return layers * indexOfBlock.size();
    }

    long ageNanos(long nowNanos) {
        return nowNanos - openedNanos;
    }

    boolean overdue(long nowNanos) {
        return nowNanos - deadlineNanos >= 0;
    }

    /**
     * Copies a verified payload to its block, or refuses. A slice that has arrived before is accepted and left as it is.
     */
    Optional<Refusal> apply(IncomingSlice slice, Payload payload, MemorySegment memory, long nowNanos) {
        int place = place(slice);
        if (place < 0) {
            return Optional.of(new Refusal(
                    RefusalCode.OUTSIDE_RESERVATION,
                    "%d bytes at offset %d are not one block of reservation %s, whose blocks have %d bytes"
                            .formatted(slice.length(), slice.offset(), id, travelling.blockBytes())));
        }
        lock.lock();
        try {
            if (state != State.OPEN && state != State.COMPLETE) {
                return refusal(id, state);
            }
            if (overdue(nowNanos)) {
                return refusal(id, State.EXPIRED);
            }
            if (!received.get(place)) {
                travelling.put(payload, memory, slice.offset());
                received.set(place);
                missing--;
                if (missing == 0) {
                    state = State.COMPLETE;
                    changed.signalAll();
                }
            }
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** What becomes of a write to a reservation that has ended so; empty = nothing to write, nothing wrong. */
    static Optional<Refusal> refusal(UUID id, State state) {
        return switch (state) {
            // every slice was there when it was taken: this one is a repetition whose first answer got lost
            case OPEN, COMPLETE, RESUMED -> Optional.empty();
            case RELEASED ->
                Optional.of(
                        new Refusal(RefusalCode.RELEASED, "reservation " + id + " was released before the write came"));
            case EXPIRED ->
                Optional.of(new Refusal(RefusalCode.EXPIRED, "reservation " + id + " expired before the write came"));
        };
    }

    /** Layer times blocks plus block index; negative if the bytes are not exactly one block of this reservation. */
    private int place(IncomingSlice slice) {
        if (slice.length() != travelling.blockBytes()) {
            return -1;
        }
        return BlockPlace.of(travelling.cache(), slice.offset())
                .filter(place -> indexOfBlock.containsKey(place.block()))
                .map(place -> place.layer() * indexOfBlock.size() + indexOfBlock.getOrDefault(place.block(), 0))
                .orElse(-1);
    }

    /**
     * Waits while the reservation is open, then takes its blocks if it is complete.
     *
     * @return {@code RESUMED} if the caller has the blocks now, otherwise the end it met instead
     */
    Taken take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (state == State.OPEN) {
                changed.await();
            }
            boolean mine = state == State.COMPLETE;
            if (mine) {
                state = State.RESUMED;
            }
            return new Taken(mine, state, slices() - missing);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The outcome of {@link #take()}.
     *
     * @param mine whether the caller has the blocks now
     * @param state of the reservation
     * @param arrived slices that had arrived
     */
    record Taken(boolean mine, State state, int arrived) {}

    /**
     * Ends the reservation as released or expired; no write follows.
     *
     * @return false if it had ended before
     */
    boolean end(State how) {
        lock.lock();
        try {
            if (state != State.OPEN && state != State.COMPLETE) {
                return false;
            }
            state = how;
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }
}
