package io.yuebing.transfer;

import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the further lanes of a session, again and again where one breaks.
 *
 * <p>Lanes take the ways in turn, so that several network cards share the work; a card that fails loses its lanes and is
 * tried again. After each failure of a lane the pause before the next attempt doubles, from a second to half a minute;
 * a lane that has held as long as that begins anew with a second.
 */
final class LaneKeeper {
    static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private static final Logger log = LoggerFactory.getLogger(LaneKeeper.class);

    private final FrameSession session;
    private final List<Way> ways;
    private final Opener opener;
    private final Slot[] slots;

    /** Opens one connection like the session's first. */
    @FunctionalInterface
    interface Opener {
        LaneOpening.Opened open(Way way) throws TransferException;
    }

    /** What is known of one lane; guarded by the keeper. */
    private static final class Slot {
        private boolean opening;
        private boolean open;
        private long openSinceNanos;
        private long notBeforeNanos;
        private Duration pause = FIRST_PAUSE;
    }

    /**
     * @param lanes how many there are to be, the first included
     * @param ways at least one
     */
    LaneKeeper(FrameSession session, int lanes, List<Way> ways, long nowNanos, Opener opener) {
        this.session = session;
        this.ways = List.copyOf(ways);
        this.opener = opener;
        this.slots = new Slot[lanes];
        for (int i = 0; i < lanes; i++) {
            slots[i] = new Slot();
            slots[i].notBeforeNanos = nowNanos;
        }
        opened(0, nowNanos);
    }

    private Way way(int lane) {
        return ways.get(lane % ways.size());
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
            LaneOpening.Opened lane = opener.open(way(number));
            opened(number, nowNanos);
            session.addLane(number, lane);
        } catch (TransferException e) {
            ejected(number, nowNanos);
            log.debug("lane {} of {} cannot be opened by {}: {}", number, session.peer(), way(number), e.getMessage());
        } finally {
            synchronized (this) {
                slots[number].opening = false;
            }
        }
    }

    private synchronized void opened(int number, long nowNanos) {
        slots[number].open = true;
        slots[number].openSinceNanos = nowNanos;
    }

    /** A lane broke, or could not be opened: not before its pause. */
    synchronized void ejected(int number, long nowNanos) {
        Slot slot = slots[number];
        if (slot.open && nowNanos - slot.openSinceNanos >= LONGEST_PAUSE.toNanos()) {
            slot.pause = FIRST_PAUSE;
        }
        slot.open = false;
        slot.notBeforeNanos = nowNanos + slot.pause.toNanos();
        Duration doubled = slot.pause.multipliedBy(2);
        slot.pause = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
    }
}
