package io.yuebing.connector;

import io.yuebing.api.ErrorCode;
import io.yuebing.api.ServiceException;
import io.yuebing.engine.BlockReservation;
import io.yuebing.transfer.IncomingSlice;
import io.yuebing.transfer.Payload;
import io.yuebing.transfer.Refusal;
import io.yuebing.transfer.RefusalCode;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.WriteGuard;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leases of a decode node on KV blocks that somebody else fills.
 *
 * <p>A reservation ends by {@link #take}, by {@link #release} or by its deadline, whichever comes first; its blocks then
 * go to the caller of {@code take} or back to the engine. A write lands before the end or is refused, never after.
 */
public final class ReservationTable implements WriteGuard, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ReservationTable.class);
    private static final Duration EXPIRY_CHECK = Duration.ofMillis(200);

    /** Ended reservations are remembered so that latecomers hear why. */
    private static final int ENDED_REMEMBERED = 4096;

    private final TravellingBlocks travelling;
    private final TimeSource time;
    private final int capacity;
    private final TimeSource.Beat expiry;
    private final AtomicLong lastGeneration;
    private final ConcurrentHashMap<UUID, Reservation> open = new ConcurrentHashMap<>();
    private final LinkedHashMap<UUID, Ended> ended = new LinkedHashMap<>();
    private volatile boolean closed;

    private final LongAdder bytesReceived = new LongAdder();
    private final LongAdder resumed = new LongAdder();
    private final LongAdder released = new LongAdder();
    private final LongAdder expired = new LongAdder();
    private final LongAdder refusedWrites = new LongAdder();

    private record Ended(long generation, Reservation.State state) {}

    /**
     * What the holder of a reservation knows of it.
     *
     * @param id random, unique per attempt
     * @param generation larger than that of every earlier reservation
     * @param deadlineMillis wall-clock end of the lease
     */
    public record Lease(UUID id, long generation, long deadlineMillis) {}

    /**
     * @param travelling of the cache whose blocks are reserved
     * @param capacity most reservations open at a time
     */
    ReservationTable(TravellingBlocks travelling, TimeSource time, int capacity) {
        this.travelling = travelling;
        this.time = time;
        this.capacity = capacity;
        // the wall clock keeps generations rising over a restart, too
        this.lastGeneration = new AtomicLong(time.currentTimeMillis() * 1000);
        this.expiry = time.every(EXPIRY_CHECK, "kv-reservation-expiry", this::expireOverdue);
    }

    /**
     * Opens a reservation and takes over its blocks.
     *
     * @param expectedBlocks how many of the blocks hold the prompt, from the first on
     * @throws ServiceException with code {@code OVERLOADED} if the table is full; the blocks stay with the caller
     */
    public Lease open(BlockReservation blocks, int expectedBlocks, Duration lease) {
        if (expectedBlocks < 1 || expectedBlocks > blocks.blockIds().length) {
            throw new IllegalArgumentException(
                    "a reservation of " + expectedBlocks + " of " + blocks.blockIds().length + " blocks");
        }
        if (closed) {
            throw new ServiceException(ErrorCode.UNAVAILABLE, "this node is stopping and takes no KV reservations");
        }
        if (open.size() >= capacity) {
            throw new ServiceException(
                    ErrorCode.OVERLOADED,
                    "all " + capacity + " KV reservations of this node are in use; try again later");
        }
        long now = time.nanoTime();
        Reservation reservation = new Reservation(
                UUID.randomUUID(),
                lastGeneration.incrementAndGet(),
                blocks,
                expectedBlocks,
                travelling,
                now,
                now + lease.toNanos());
        open.put(reservation.id(), reservation);
        if (closed) {
            end(reservation, Reservation.State.RELEASED);
        }
        return new Lease(reservation.id(), reservation.generation(), time.currentTimeMillis() + lease.toMillis());
    }

    /**
     * Waits until every slice has arrived and hands the blocks over, at the latest at the reservation's deadline.
     *
     * @throws ServiceException if the reservation is unknown or has ended in another way
     * @throws InterruptedException if interrupted while waiting; the reservation stays as it is
     */
    public BlockReservation take(UUID id, long generation) throws InterruptedException {
        Reservation reservation = open.get(id);
        if (reservation == null) {
            throw notTakable(id, remembered(id));
        }
        if (reservation.generation() != generation) {
            throw new ServiceException(
                    ErrorCode.INVALID_REQUEST,
                    "KV reservation " + id + " has generation " + reservation.generation() + ", the request says "
                            + generation,
                    "kv_transfer_params");
        }
        Reservation.Taken taken = reservation.take();
        if (!taken.mine()) {
            throw new ServiceException(
                    ErrorCode.UNAVAILABLE,
                    "KV reservation " + id + " " + ending(taken.state()) + " when " + taken.arrived() + " of "
                            + reservation.slices() + " slices of KV cache had arrived; send the request again",
                    "kv_transfer_params");
        }
        forget(reservation, Reservation.State.RESUMED);
        resumed.increment();
        return reservation.blocks();
    }

    private static ServiceException notTakable(UUID id, @Nullable Ended end) {
        return end == null
                ? new ServiceException(
                        ErrorCode.NOT_FOUND, "there is no KV reservation " + id + " on this node", "kv_transfer_params")
                : new ServiceException(
                        ErrorCode.UNAVAILABLE,
                        "KV reservation " + id + " " + ending(end.state()) + "; send the request again",
                        "kv_transfer_params");
    }

    private static String ending(Reservation.State state) {
        return switch (state) {
            case OPEN, COMPLETE -> "is open";
            case RESUMED -> "was taken by another request";
            case RELEASED -> "was released";
            case EXPIRED -> "expired";
        };
    }

    /**
     * Gives the blocks back.
     *
     * @return false if there is no such reservation any more
     */
    public boolean release(UUID id, long generation) {
        Reservation reservation = open.get(id);
        return reservation != null
                && reservation.generation() == generation
                && end(reservation, Reservation.State.RELEASED);
    }

    @Override
    public Optional<Refusal> apply(IncomingSlice slice, Payload payload, MemorySegment memory) {
        Optional<Refusal> refusal = decide(slice, payload, memory);
        if (refusal.isPresent()) {
            refusedWrites.increment();
        } else {
            bytesReceived.add(slice.length());
        }
        return refusal;
    }

    private Optional<Refusal> decide(IncomingSlice slice, Payload payload, MemorySegment memory) {
        Reservation reservation = open.get(slice.ticket());
        if (reservation != null) {
            return generationRefusal(slice, reservation.generation())
                    .or(() -> reservation.apply(slice, payload, memory, time.nanoTime()));
        }
        Ended end = remembered(slice.ticket());
        if (end != null) {
            return generationRefusal(slice, end.generation())
                    .or(() -> Reservation.refusal(slice.ticket(), end.state()));
        }
        return Optional.of(new Refusal(
                RefusalCode.UNKNOWN_TICKET,
                "there is no KV reservation " + slice.ticket() + " here, or it ended long ago"));
    }

    private static Optional<Refusal> generationRefusal(IncomingSlice slice, long generation) {
        return slice.generation() == generation
                ? Optional.empty()
                : Optional.of(new Refusal(
                        RefusalCode.WRONG_GENERATION,
                        "KV reservation " + slice.ticket() + " has generation " + generation + ", the write says "
                                + slice.generation()));
    }

    @Override
    public void dropped(UUID ticket, long generation) {
        if (release(ticket, generation)) {
            log.info("KV reservation {} released: the prefill node gave up", ticket);
        }
    }

    private void expireOverdue() {
        long now = time.nanoTime();
        for (Reservation reservation : open.values()) {
            if (reservation.overdue(now) && end(reservation, Reservation.State.EXPIRED)) {
                log.warn(
                        "KV reservation {} expired after {} ms, its blocks are free again",
                        reservation.id(),
                        reservation.ageNanos(now) / 1_000_000);
            }
        }
    }

    private boolean end(Reservation reservation, Reservation.State how) {
        if (!reservation.end(how)) {
            return false;
        }
        forget(reservation, how);
        (how == Reservation.State.EXPIRED ? expired : released).increment();
        reservation.blocks().close();
        return true;
    }

    private void forget(Reservation reservation, Reservation.State how) {
        synchronized (ended) {
            ended.put(reservation.id(), new Ended(reservation.generation(), how));
            if (ended.size() > ENDED_REMEMBERED) {
                ended.pollFirstEntry();
            }
        }
        open.remove(reservation.id());
    }

    private @Nullable Ended remembered(UUID id) {
        synchronized (ended) {
            return ended.get(id);
        }
    }

    public ReservationStats stats() {
        long now = time.nanoTime();
        int count = 0;
        long slices = 0;
        long oldest = 0;
        for (Map.Entry<UUID, Reservation> entry : open.entrySet()) {
            count++;
            slices += entry.getValue().slices();
            oldest = Math.max(oldest, entry.getValue().ageNanos(now));
        }
        return new ReservationStats(
                count,
                slices * travelling.cache().blockBytes(),
                bytesReceived.sum(),
                oldest / 1e9,
                resumed.sum(),
                released.sum(),
                expired.sum(),
                refusedWrites.sum());
    }

    /** Releases every reservation; no write lands after this returns. */
    @Override
    public void close() {
        closed = true;
        expiry.close();
        open.values().forEach(reservation -> end(reservation, Reservation.State.RELEASED));
    }
}
