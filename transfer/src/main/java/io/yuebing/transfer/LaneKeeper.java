package io.yuebing.transfer;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the further lanes of a session, again and again where one breaks.
 *
 * <p>Lanes take the local addresses in turn, so that several network cards share the work. After each failure of a lane
 * the pause before the next attempt doubles, from a second to half a minute.
 */
final class LaneKeeper {
    static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private static final Logger log = LoggerFactory.getLogger(LaneKeeper.class);

    private final FrameSession session;
    private final List<InetAddress> localAddresses;
    private final Opener opener;
    private final Slot[] slots;

    /** Opens one connection like the session's first. */
    @FunctionalInterface
    interface Opener {
        LaneOpening.Opened open(@Nullable InetAddress from) throws TransferException;
    }

    /** What is known of one lane; guarded by the keeper. */
    private static final class Slot {
        private boolean opening;
        private long notBeforeNanos;
        private Duration pause = FIRST_PAUSE;
    }

    /**
     * @param lanes how many there are to be, the first included
     */
    LaneKeeper(FrameSession session, int lanes, List<InetAddress> localAddresses, long nowNanos, Opener opener) {
        this.session = session;
        this.localAddresses = localAddresses;
        this.opener = opener;
        this.slots = new Slot[lanes];
        for (int i = 0; i < lanes; i++) {
            slots[i] = new Slot();
            slots[i].notBeforeNanos = nowNanos;
        }
    }

    static @Nullable InetAddress localAddress(List<InetAddress> addresses, int slot) {
        return addresses.isEmpty() ? null : addresses.get(slot % addresses.size());
    }

    /** Tries every lane that is missing and whose pause is over; returns at once. */
    void reopen(long nowNanos) {
        for (int i = 0; i < slots.length; i++) {
            int number = i;
            if (!session.hasLane(number) && begin(number, nowNanos)) {
                Thread.ofVirtual().name("transfer-lane-" + session.peer()).start(() -> open(number, nowNanos));
            }
        }
    }

    private synchronized boolean begin(int number, long nowNanos) {
        Slot slot = slots[number];
        if (slot.opening || nowNanos - slot.notBeforeNanos < 0) {
            return false;
        }
        slot.opening = true;
        return true;
    }

    private void open(int number, long nowNanos) {
        try {
            session.addLane(number, opener.open(localAddress(localAddresses, number)));
        } catch (TransferException e) {
            ejected(number, nowNanos);
            log.debug("lane {} of {} cannot be opened: {}", number, session.peer(), e.getMessage());
        } finally {
            synchronized (this) {
                slots[number].opening = false;
            }
        }
    }

    /** A lane broke, or could not be opened: not before its pause. */
    synchronized void ejected(int number, long nowNanos) {
        Slot slot = slots[number];
        slot.notBeforeNanos = nowNanos + slot.pause.toNanos();
        Duration doubled = slot.pause.multipliedBy(2);
        slot.pause = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
    }
}
