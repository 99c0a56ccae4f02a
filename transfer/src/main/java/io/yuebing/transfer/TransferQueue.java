package io.yuebing.transfer;

import io.yuebing.transfer.BatchOptions.Priority;
import io.yuebing.transfer.QueueItem.Outgoing;
import io.yuebing.transfer.TransferException.Kind;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The calling side of a session without its sockets: what waits, and what is in flight on which lane.
 *
 * <p>A slice is <i>queued</i>, then <i>in flight</i> on the lane that took it until the peer has settled it. In between a
 * lane's thread <i>touches</i> its local memory: to send a write, to take in a read. A batch ends only when none of its
 * slices is being touched, so whoever waits for its end may reuse the memory. What was in flight on a lane that breaks is
 * queued again for the others: every access may be repeated.
 */
final class TransferQueue {
    /** How long a canceller waits for memory that is being touched before the lane is given up instead. */
    static final Duration CANCEL_GRACE = Duration.ofMillis(50);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition untouched = lock.newCondition();

    private final Map<Priority, ArrayDeque<QueueItem>> queued = new EnumMap<>(Priority.class);
    private final Set<QueuedBatch> batches = new LinkedHashSet<>();
    private final WaitingLanes waiting = new WaitingLanes();
    private final TimeSource time;
    private @Nullable TransferException closed;

    TransferQueue(TimeSource time) {
        this.time = time;
        for (Priority priority : Priority.values()) {
            queued.put(priority, new ArrayDeque<>());
        }
    }

    /**
     * @param window most bytes in flight on the lane
     * @param ring where payloads travel, if not in frames
     * @param inPlace slices that need no room in the ring, for whoever receives them reads them where they lie
     */
    QueueLane newLane(long window, @Nullable RingSpace ring, Predicate<Slice> inPlace) {
        return new QueueLane(window, ring, inPlace, lock.newCondition());
    }

    QueuedBatch add(List<? extends Slice> slices, BatchOptions options) throws TransferException {
        lock.lock();
        try {
            if (closed != null) {
                throw closed;
            }
            QueuedBatch batch = new QueuedBatch(slices.size(), options, time.nanoTime());
            batches.add(batch);
            ArrayDeque<QueueItem> queue = queue(options.priority());
            for (Slice slice : slices) {
                queue.add(new QueueItem.OfSlice(batch, slice));
            }
            waiting.wakeIdle(slices.size());
            return batch;
        } finally {
            lock.unlock();
        }
    }

    void addDrop(UUID ticket, long generation) {
        lock.lock();
        try {
            if (closed == null) {
                queue(Priority.NORMAL).add(new QueueItem.OfDrop(ticket, generation));
                waiting.wakeIdle(1);
            }
        } finally {
            lock.unlock();
        }
    }

    private ArrayDeque<QueueItem> queue(Priority priority) {
        return Objects.requireNonNull(queued.get(priority));
    }

    /**
     * Waits until something may be sent over a lane.
     *
     * @return what to send now, in order; empty once the lane or the queue has ended. {@link #sent} must follow.
     */
    List<Outgoing> next(QueueLane lane, int maxItems, long maxBytes) throws InterruptedException {
        lock.lock();
        try {
            List<Outgoing> burst = new ArrayList<>();
            long bytes = 0;
            while (closed == null && !lane.ended) {
                Outgoing outgoing = burst.size() < maxItems && bytes < maxBytes ? take(lane) : null;
                if (outgoing != null) {
                    bytes += outgoing.item().bytes();
                    burst.add(outgoing);
                } else if (burst.isEmpty()) {
                    waiting.await(lane, isQueued());
                } else {
                    return burst;
                }
            }
            return burst;
        } finally {
            lock.unlock();
        }
    }

    private boolean isQueued() {
        return queued.values().stream().anyMatch(queue -> !queue.isEmpty());
    }

    /** Moves the first waiting item to the lane, if the lane has credit for it. */
    private @Nullable Outgoing take(QueueLane lane) {
        for (ArrayDeque<QueueItem> queue : queued.values()) {
            QueueItem item = queue.peekFirst();
            if (item == null) {
                continue;
            }
            // a slice larger than the window goes alone, or it would never go
            if (lane.bytesInFlight != 0 && lane.bytesInFlight + item.bytes() > lane.window) {
                return null;
            }
            long ringOffset = Frame.INLINE;
            long ringMark = 0;
            RingSpace ring = lane.ring;
            if (ring != null && item instanceof QueueItem.OfSlice slice && !lane.inPlace.test(slice.slice())) {
                ringOffset = ring.allocate((int) slice.bytes());
                ringMark = ring.mark();
                if (ringOffset < 0) {
                    return null;
                }
            }
            queue.removeFirst();
            if (lane.inFlight.isEmpty()) {
                lane.lastProgressNanos = time.nanoTime();
            }
            Outgoing outgoing = new Outgoing(++lane.lastSequence, item, ringOffset, ringMark);
            lane.bytesInFlight += item.bytes();
            lane.inFlight.add(outgoing);
            touch(lane, item);
            return outgoing;
        }
        return null;
    }

    private static void touch(QueueLane lane, QueueItem item) {
        lane.touched.add(item);
        QueuedBatch batch = item.batch();
        if (batch != null) {
            batch.touched++;
        }
    }

    private void untouch(QueueLane lane, QueueItem item, List<QueuedBatch> ended) {
        lane.touched.remove(item);
        QueuedBatch batch = item.batch();
        if (batch != null) {
            batch.touched--;
            endIfSettled(batch, ended);
        }
        untouched.signalAll();
    }

    /** The memory of these items is no longer touched by the sender. */
    void sent(QueueLane lane, List<Outgoing> burst) {
        change(ended -> burst.forEach(outgoing -> untouch(lane, outgoing.item(), ended)));
    }

    /** The peer has settled everything up to {@code sequence}. */
    void acknowledged(QueueLane lane, long sequence) throws ProtocolException {
        change(ended -> settle(lane, sequence, ended));
    }

    /** What may end batches; they are told so after the lock is free again, since their listeners may come back here. */
    private interface Change<E extends Exception> {
        void apply(List<QueuedBatch> ended) throws E;
    }

    private <E extends Exception> void change(Change<E> change) throws E {
        List<QueuedBatch> ended = new ArrayList<>();
        lock.lock();
        try {
            change.apply(ended);
        } finally {
            lock.unlock();
            ended.forEach(QueuedBatch::complete);
        }
    }

    private void settle(QueueLane lane, long sequence, List<QueuedBatch> ended) throws ProtocolException {
        if (sequence > lane.lastSequence) {
            throw new ProtocolException(
                    "an ACK of write " + sequence + ", but only " + lane.lastSequence + " were sent");
        }
        while (!lane.inFlight.isEmpty() && lane.inFlight.getFirst().sequence() <= sequence) {
            Outgoing first = lane.inFlight.getFirst();
            if (first.item() instanceof QueueItem.OfSlice(QueuedBatch batch, SliceRead _) && batch.error == null) {
                throw new ProtocolException("an ACK of read " + first.sequence() + " without its data");
            }
            settleFirst(lane, ended);
        }
        lane.lastProgressNanos = time.nanoTime();
        waiting.refilled(lane);
    }

    private void settleFirst(QueueLane lane, List<QueuedBatch> ended) {
        Outgoing outgoing = lane.inFlight.removeFirst();
        lane.bytesInFlight -= outgoing.item().bytes();
        if (lane.ring != null && outgoing.ringOffset() >= 0) {
            lane.ring.free(outgoing.ringMark());
        }
        QueuedBatch batch = outgoing.item().batch();
        if (batch == null) {
            return;
        }
        batch.unsettled--;
        if (batch.unsettled == 0 && batch.error == null) {
            byte[] notice = batch.takeNotice();
            if (notice != null) {
                batch.unsettled = 1;
                queue(batch.priority).addFirst(new QueueItem.OfNotice(batch, notice));
                waiting.wakeIdle(1);
            }
        }
        endIfSettled(batch, ended);
    }

    /**
     * The data of a read has come: everything before it is settled.
     *
     * @return the read, touched until {@link #landed}; null if nobody wants it any more
     */
    @Nullable
    Outgoing landing(QueueLane lane, long sequence, int length) throws ProtocolException {
        List<QueuedBatch> ended = new ArrayList<>();
        lock.lock();
        try {
            settle(lane, sequence - 1, ended);
            Outgoing outgoing = lane.inFlight.peekFirst();
            if (outgoing == null
                    || outgoing.sequence() != sequence
                    || !(outgoing.item() instanceof QueueItem.OfSlice(QueuedBatch batch, SliceRead read))
                    || read.length() != length) {
                throw new ProtocolException(
                        "data of " + length + " bytes for access " + sequence + ", which did not ask for them");
            }
            if (batch.error != null) {
                settle(lane, sequence, ended);
                return null;
            }
            touch(lane, outgoing.item());
            return outgoing;
        } finally {
            lock.unlock();
            ended.forEach(QueuedBatch::complete);
        }
    }

    /** The memory of a read is no longer touched; {@code damage} says what is wrong with what came, if anything. */
    void landed(QueueLane lane, Outgoing landing, @Nullable TransferException damage) {
        change(ended -> {
            QueuedBatch batch = landing.item().batch();
            if (damage != null && batch != null) {
                fail(batch, damage);
            }
            settleFirst(lane, ended);
            lane.lastProgressNanos = time.nanoTime();
            waiting.refilled(lane);
            untouch(lane, landing.item(), ended);
        });
    }

    /** The peer has refused one access; its batch fails, the ACK that covers it comes later. */
    void refused(QueueLane lane, long sequence, TransferException why) {
        change(ended -> {
            for (Outgoing outgoing : lane.inFlight) {
                QueuedBatch batch = outgoing.item().batch();
                if (outgoing.sequence() == sequence && batch != null) {
                    fail(batch, why);
                    endIfSettled(batch, ended);
                }
            }
        });
    }

    /**
     * Fails a batch and waits up to {@code grace} until its memory is no longer touched.
     *
     * @return false if some of it still is
     */
    boolean cancel(QueuedBatch batch, TransferException why, Duration grace) {
        List<QueuedBatch> ended = new ArrayList<>();
        boolean quiet;
        lock.lock();
        try {
            fail(batch, why);
            long left = grace.toNanos();
            boolean interrupted = false;
            while (batch.touched > 0 && left > 0) {
                try {
                    left = untouched.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            quiet = batch.touched == 0;
            endIfSettled(batch, ended);
        } finally {
            lock.unlock();
        }
        ended.forEach(QueuedBatch::complete);
        return quiet;
    }

    /** Whether a thread of the lane touches memory of the batch. */
    boolean touches(QueueLane lane, QueuedBatch batch) {
        lock.lock();
        try {
            return lane.touched.stream().anyMatch(item -> item.batch() == batch);
        } finally {
            lock.unlock();
        }
    }

    /** Batches whose deadline has passed. */
    List<QueuedBatch> overdue(long nowNanos) {
        lock.lock();
        try {
            return batches.stream()
                    .filter(batch -> batch.deadlineNanos - nowNanos <= 0)
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    /** Since when the peer owes an answer on a lane; {@link Long#MIN_VALUE} if it owes none. */
    long stalledNanos(QueueLane lane, long nowNanos) {
        lock.lock();
        try {
            return lane.inFlight.isEmpty() ? Long.MIN_VALUE : nowNanos - lane.lastProgressNanos;
        } finally {
            lock.unlock();
        }
    }

    long bytesInFlight(QueueLane lane) {
        lock.lock();
        try {
            return lane.bytesInFlight;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing more is sent over a lane; its threads hear of it. */
    void endLane(QueueLane lane) {
        lock.lock();
        try {
            lane.ended = true;
            waiting.wakeAll();
        } finally {
            lock.unlock();
        }
    }

    /** After {@link #endLane}, with the socket closed: what was in flight goes to the other lanes. */
    void requeue(QueueLane lane) {
        lock.lock();
        try {
            awaitUntouched(lane);
            while (!lane.inFlight.isEmpty()) {
                QueueItem item = lane.inFlight.removeLast().item();
                QueuedBatch batch = item.batch();
                if (batch == null) {
                    queue(Priority.NORMAL).addFirst(item);
                } else if (batches.contains(batch) && batch.error == null) {
                    queue(batch.priority).addFirst(item);
                }
            }
            lane.bytesInFlight = 0;
            waiting.wakeAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until no thread touches the memory of a batch whose lanes are closed. */
    void awaitUntouched(QueuedBatch batch) {
        lock.lock();
        try {
            while (batch.touched > 0) {
                untouched.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void awaitUntouched(QueueLane lane) {
        while (!lane.touched.isEmpty()) {
            untouched.awaitUninterruptibly();
        }
    }

    /**
     * Accepts nothing more.
     *
     * @return false if it was closed before
     */
    boolean close(TransferException why) {
        lock.lock();
        try {
            if (closed != null) {
                return false;
            }
            closed = why;
            waiting.wakeAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Why it was closed, if it is. */
    Optional<TransferException> whyClosed() {
        lock.lock();
        try {
            return Optional.ofNullable(closed);
        } finally {
            lock.unlock();
        }
    }

    /** After {@link #close}, with the lanes' sockets closed: waits until no memory is touched, then fails every batch. */
    void failAll() {
        change(ended -> {
            TransferException why =
                    closed == null ? new TransferException(Kind.CANCELLED, "the session is closed") : closed;
            for (QueuedBatch batch : List.copyOf(batches)) {
                while (batch.touched > 0) {
                    untouched.awaitUninterruptibly();
                }
                fail(batch, why);
                endIfSettled(batch, ended);
            }
            queued.values().forEach(ArrayDeque::clear);
        });
    }

    private void fail(QueuedBatch batch, TransferException why) {
        if (batches.contains(batch) && batch.error == null) {
            batch.error = why;
            queue(batch.priority).removeIf(item -> item.batch() == batch);
        }
    }

    private void endIfSettled(QueuedBatch batch, List<QueuedBatch> ended) {
        if (batch.over() && batches.remove(batch)) {
            ended.add(batch);
        }
    }
}
