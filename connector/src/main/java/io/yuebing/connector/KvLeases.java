package io.yuebing.connector;

import io.yuebing.engine.BlockHold;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvLayout;
import io.yuebing.transfer.IncomingSlice;
import io.yuebing.transfer.ReadGuard;
import io.yuebing.transfer.Refusal;
import io.yuebing.transfer.RefusalCode;
import io.yuebing.transfer.TimeSource;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leases of a prefill node on computed prompts that others pull.
 *
 * <p>A lease ends by {@link #release} or by its deadline, which every read moves on. Its blocks go back to the engine when
 * it has ended and no read is under way, so a reader gets the prompt's bytes or a refusal, never somebody else's.
 */
final class KvLeases implements ReadGuard, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(KvLeases.class);
    private static final Duration EXPIRY_CHECK = Duration.ofMillis(200);

    /** Ended leases are remembered so that latecomers hear why. */
    private static final int ENDED_REMEMBERED = 4096;

    private final TravellingBlocks travelling;
    private final TimeSource time;
    private final Duration duration;
    private final TimeSource.Beat expiry;
    private final ConcurrentHashMap<UUID, KvLease> open = new ConcurrentHashMap<>();
    private final LinkedHashMap<UUID, KvLease.End> ended = new LinkedHashMap<>();
    private volatile boolean closed;

    private final LongAdder released = new LongAdder();
    private final LongAdder expired = new LongAdder();
    private final LongAdder refusedReads = new LongAdder();

    /**
     * @param travelling of the cache whose blocks are kept
     * @param duration how long a lease lasts after its last read
     */
    KvLeases(TravellingBlocks travelling, TimeSource time, Duration duration) {
        this.travelling = travelling;
        this.time = time;
        this.duration = duration;
        this.expiry = time.every(EXPIRY_CHECK, "kv-lease-expiry", this::expireOverdue);
    }

    /** Takes over the hold on a computed prompt's blocks. */
    void open(UUID ticket, BlockHold hold) {
        KvLease lease = new KvLease(ticket, hold, travelling, time.nanoTime(), duration);
        open.put(ticket, lease);
        if (closed) {
            end(lease, KvLease.End.RELEASED);
        }
    }

    @Override
    public Answer open(IncomingSlice slice, MemorySegment memory) {
        KvLease lease = open.get(slice.ticket());
        Optional<Refusal> refusal = lease == null
                ? Optional.of(refusal(slice.ticket(), remembered(slice.ticket())))
                : lease.beginRead(slice, time.nanoTime());
        if (refusal.isPresent() || lease == null) {
            refusedReads.increment();
            return new Refused(refusal.orElseThrow());
        }
        try {
            MemorySegment bytes = travelling.take(memory, slice.offset());
            return new Granted(bytes, () -> {
                travelling.giveBack(bytes);
                lease.endRead();
            });
        } catch (RuntimeException e) {
            lease.endRead();
            throw e;
        }
    }

    private static Refusal refusal(UUID ticket, KvLease.@Nullable End end) {
        return end == null
                ? new Refusal(
                        RefusalCode.UNKNOWN_TICKET,
                        "there is no kept prompt " + ticket + " here, or it was given up long ago")
                : end.refusal(ticket);
    }

    /**
     * The one who pulled has what it wants.
     *
     * @return false if there is no such lease any more
     */
    boolean release(UUID ticket) {
        KvLease lease = open.get(ticket);
        return lease != null && end(lease, KvLease.End.RELEASED);
    }

    private void expireOverdue() {
        long now = time.nanoTime();
        for (KvLease lease : open.values()) {
            if (lease.overdue(now) && end(lease, KvLease.End.EXPIRED)) {
                log.warn(
                        "kept prompt {} was not pulled within {} s, its blocks are free again",
                        lease.ticket(),
                        duration.toSeconds());
            }
        }
    }

    private boolean end(KvLease lease, KvLease.End how) {
        // remembered first: between the two a reader is told that it has ended by the lease itself
        synchronized (ended) {
            ended.putIfAbsent(lease.ticket(), how);
            if (ended.size() > ENDED_REMEMBERED) {
                ended.pollFirstEntry();
            }
        }
        if (!lease.end(how)) {
            return false;
        }
        open.remove(lease.ticket());
        (how == KvLease.End.EXPIRED ? expired : released).increment();
        return true;
    }

    private KvLease.@Nullable End remembered(UUID ticket) {
        synchronized (ended) {
            return ended.get(ticket);
        }
    }

    LeaseStats stats() {
        KvLayout layout = travelling.cache();
        long now = time.nanoTime();
        int count = 0;
        long blocks = 0;
        long oldest = 0;
        for (KvLease lease : open.values()) {
            count++;
            blocks += lease.blocks();
            oldest = Math.max(oldest, lease.ageNanos(now));
        }
        return new LeaseStats(
                count,
                blocks * layout.size(KvAxis.LAYER) * layout.blockBytes(),
                oldest / 1e9,
                released.sum(),
                expired.sum(),
                refusedReads.sum());
    }

    /** Ends every lease; those that are being read give their blocks back afterwards. */
    @Override
    public void close() {
        closed = true;
        expiry.close();
        open.values().forEach(lease -> end(lease, KvLease.End.RELEASED));
    }
}
