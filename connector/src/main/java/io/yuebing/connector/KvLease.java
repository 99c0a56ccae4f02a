package io.yuebing.connector;

import io.yuebing.engine.BlockHold;
import io.yuebing.transfer.IncomingSlice;
import io.yuebing.transfer.Refusal;
import io.yuebing.transfer.RefusalCode;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One computed prompt that is kept until it has been pulled; gives its blocks back when it has ended and nobody reads. */
final class KvLease {
    enum End {
        RELEASED(RefusalCode.RELEASED, "was given up by the node that pulled it"),
        EXPIRED(RefusalCode.EXPIRED, "expired before it was pulled");

        private final RefusalCode code;
        private final String sentence;

        End(RefusalCode code, String sentence) {
            this.code = code;
            this.sentence = sentence;
        }

        Refusal refusal(UUID ticket) {
            return new Refusal(code, "the kept prompt " + ticket + " " + sentence);
        }
    }

    private final UUID ticket;
    private final BlockHold hold;
    private final TravellingBlocks travelling;
    private final long openedNanos;
    private final Duration duration;
    private final Set<Integer> blocks = new HashSet<>();

    // guarded by this
    private long deadlineNanos;
    private int readers;
    private @Nullable End end;

    KvLease(UUID ticket, BlockHold hold, TravellingBlocks travelling, long nowNanos, Duration duration) {
        this.ticket = ticket;
        this.hold = hold;
        this.travelling = travelling;
        this.openedNanos = nowNanos;
        this.duration = duration;
        this.deadlineNanos = nowNanos + duration.toNanos();
        for (int block : hold.blockIds()) {
            blocks.add(block);
        }
    }

    UUID ticket() {
        return ticket;
    }

    int blocks() {
        return blocks.size();
    }

    long ageNanos(long nowNanos) {
        return nowNanos - openedNanos;
    }

    synchronized boolean overdue(long nowNanos) {
        return nowNanos - deadlineNanos >= 0;
    }

    /** Admits a read, which {@link #endRead} has to follow, or says why not. */
    Optional<Refusal> beginRead(IncomingSlice slice, long nowNanos) {
        if (!isBlock(slice)) {
            return Optional.of(new Refusal(
                    RefusalCode.OUTSIDE_RESERVATION,
                    slice.length() + " bytes at offset " + slice.offset() + " are not one block of the kept prompt "
                            + ticket + ", whose blocks travel in " + travelling.blockBytes() + " bytes"));
        }
        synchronized (this) {
            if (end != null || overdue(nowNanos)) {
                return Optional.of((end == null ? End.EXPIRED : end).refusal(ticket));
            }
            readers++;
            deadlineNanos = nowNanos + duration.toNanos();
            return Optional.empty();
        }
    }

    private boolean isBlock(IncomingSlice slice) {
        return slice.length() == travelling.blockBytes()
                && BlockPlace.of(travelling.cache(), slice.offset())
                        .filter(place -> blocks.contains(place.block()))
                        .isPresent();
    }

    void endRead() {
        boolean last;
        synchronized (this) {
            last = --readers == 0 && end != null;
        }
        if (last) {
            hold.close();
        }
    }

    /** Admits no more reads; false if it had ended before. */
    boolean end(End how) {
        boolean unread;
        synchronized (this) {
            if (end != null) {
                return false;
            }
            end = how;
            unread = readers == 0;
        }
        if (unread) {
            hold.close();
        }
        return true;
    }
}
