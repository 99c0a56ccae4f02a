package io.yuebing.transfer;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The sending side of one connection without its socket: what waits, what is in flight, how much credit is left.
 *
 * <p>A write is <i>queued</i>, then <i>being sent</i> (a thread reads its source memory), then <i>in flight</i> until the
 * peer acknowledges or refuses it. A batch ends only when none of its writes is being sent, so whoever waits for its end
 * may reuse the memory.
 */
final class WriteQueue {
    /** How long a canceller waits for a write that is being sent before the connection is given up instead. */
    static final Duration CANCEL_GRACE = Duration.ofMillis(50);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition sendable = lock.newCondition();
    private final Condition settled = lock.newCondition();

    private final ArrayDeque<Item> queued = new ArrayDeque<>();
    private final ArrayDeque<Outgoing> inFlight = new ArrayDeque<>();
    private final Set<Batch> batches = new LinkedHashSet<>();

    private final TimeSource time;
    private long window;
    private long bytesInFlight;
    private long lastSequence;
    private long lastProgressNanos;
    private int itemsBeingSent;
    private @Nullable TransferException closed;

    WriteQueue(TimeSource time, long window) {
        this.time = time;
        this.window = window;
    }

    /** What waits for its turn. */
    sealed interface Item {
        long bytes();
    }

    /** One slice of a batch. */
    record Slice(Batch batch, SliceWrite write) implements Item {
        @Override
        public long bytes() {
            return write.length();
        }
    }

    /** Word that a ticket is given up. */
    record Drop(UUID ticket, long generation) implements Item {
        @Override
        public long bytes() {
            return 0;
        }
    }

    /** An item with its place in the connection's order. */
    record Outgoing(long sequence, Item item) {}

    /** Takes the peer's limit into account once it is known. */
    void limitWindow(long peerWindow) {
        lock.lock();
        try {
            window = Math.min(window, peerWindow);
        } finally {
            lock.unlock();
        }
    }

    Batch add(List<SliceWrite> writes, Duration timeout) throws TransferException {
        lock.lock();
        try {
            if (closed != null) {
                throw closed;
            }
            Batch batch = new Batch(writes.size(), time.nanoTime() + timeout.toNanos());
            batches.add(batch);
            for (SliceWrite write : writes) {
                queued.add(new Slice(batch, write));
            }
            sendable.signalAll();
            return batch;
        } finally {
            lock.unlock();
        }
    }

    void addDrop(UUID ticket, long generation) {
        lock.lock();
        try {
            if (closed == null) {
                queued.add(new Drop(ticket, generation));
                sendable.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until something may be sent.
     *
     * @return what to send now, in order; empty once the queue is closed. {@link #sent} must follow.
     */
    List<Outgoing> next(int maxItems, long maxBytes) throws InterruptedException {
        lock.lock();
        try {
            while (closed == null && (queued.isEmpty() || !hasCredit(queued.getFirst()))) {
                sendable.await();
            }
            List<Outgoing> burst = new ArrayList<>();
            if (closed != null) {
                return burst;
            }
            if (inFlight.isEmpty()) {
                lastProgressNanos = time.nanoTime();
            }
            long bytes = 0;
            while (!queued.isEmpty() && burst.size() < maxItems && bytes < maxBytes && hasCredit(queued.getFirst())) {
                Item item = queued.removeFirst();
                Outgoing outgoing = new Outgoing(++lastSequence, item);
                if (item instanceof Slice slice) {
                    slice.batch.beingSent++;
                }
                bytes += item.bytes();
                bytesInFlight += item.bytes();
                burst.add(outgoing);
                inFlight.add(outgoing);
            }
            itemsBeingSent += burst.size();
            return burst;
        } finally {
            lock.unlock();
        }
    }

    private boolean hasCredit(Item item) {
        // a slice larger than the window goes alone, or it would never go
        return bytesInFlight == 0 || bytesInFlight + item.bytes() <= window;
    }

    /** The memory of these items is no longer read. */
    void sent(List<Outgoing> burst) {
        List<Batch> ended = new ArrayList<>();
        lock.lock();
        try {
            itemsBeingSent -= burst.size();
            for (Outgoing outgoing : burst) {
                if (outgoing.item instanceof Slice slice) {
                    slice.batch.beingSent--;
                    endIfSettled(slice.batch, ended);
                }
            }
            settled.signalAll();
        } finally {
            lock.unlock();
        }
        ended.forEach(Batch::complete);
    }

    /** The peer has settled everything up to {@code sequence}. */
    void acknowledged(long sequence) throws ProtocolException {
        List<Batch> ended = new ArrayList<>();
        lock.lock();
        try {
            if (sequence > lastSequence) {
                throw new ProtocolException(
                        "an ACK of write " + sequence + ", but only " + lastSequence + " were sent");
            }
            while (!inFlight.isEmpty() && inFlight.getFirst().sequence <= sequence) {
                Item item = inFlight.removeFirst().item;
                bytesInFlight -= item.bytes();
                if (item instanceof Slice slice) {
                    slice.batch.unsettled--;
                    endIfSettled(slice.batch, ended);
                }
            }
            lastProgressNanos = time.nanoTime();
            sendable.signalAll();
        } finally {
            lock.unlock();
        }
        ended.forEach(Batch::complete);
    }

    /** The peer has refused one write; its batch fails, the ACK that covers it comes later. */
    void refused(long sequence, TransferException why) {
        List<Batch> ended = new ArrayList<>();
        lock.lock();
        try {
            for (Outgoing outgoing : inFlight) {
                if (outgoing.sequence == sequence && outgoing.item instanceof Slice slice) {
                    fail(slice.batch, why);
                    endIfSettled(slice.batch, ended);
                }
            }
        } finally {
            lock.unlock();
        }
        ended.forEach(Batch::complete);
    }

    /**
     * Fails a batch and waits up to {@code grace} until its memory is no longer read.
     *
     * @return false if a write of it is still being sent after that
     */
    boolean cancel(Batch batch, TransferException why, Duration grace) {
        List<Batch> ended = new ArrayList<>();
        boolean quiet;
        lock.lock();
        try {
            fail(batch, why);
            long left = grace.toNanos();
            boolean interrupted = false;
            while (batch.beingSent > 0 && left > 0) {
                try {
                    left = settled.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            quiet = batch.beingSent == 0;
            endIfSettled(batch, ended);
        } finally {
            lock.unlock();
        }
        ended.forEach(Batch::complete);
        return quiet;
    }

    /** Batches whose deadline has passed. */
    List<Batch> overdue(long nowNanos) {
        lock.lock();
        try {
            return batches.stream()
                    .filter(batch -> batch.deadlineNanos - nowNanos <= 0)
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    /** Since when the peer owes an acknowledgement; {@link Long#MIN_VALUE} if it owes none. */
    long stalledNanos(long nowNanos) {
        lock.lock();
        try {
            return inFlight.isEmpty() ? Long.MIN_VALUE : nowNanos - lastProgressNanos;
        } finally {
            lock.unlock();
        }
    }

    long bytesInFlight() {
        lock.lock();
        try {
            return bytesInFlight;
        } finally {
            lock.unlock();
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
            sendable.signalAll();
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

    /** After {@link #close}, with the socket closed: waits until no memory is read, then fails every open batch. */
    void failAll() {
        List<Batch> ended = new ArrayList<>();
        lock.lock();
        try {
            while (itemsBeingSent > 0) {
                settled.awaitUninterruptibly();
            }
            TransferException why = closed == null
                    ? new TransferException(TransferException.Kind.CANCELLED, "the session is closed")
                    : closed;
            for (Batch batch : List.copyOf(batches)) {
                fail(batch, why);
                endIfSettled(batch, ended);
            }
            queued.clear();
            inFlight.clear();
            bytesInFlight = 0;
        } finally {
            lock.unlock();
        }
        ended.forEach(Batch::complete);
    }

    private void fail(Batch batch, TransferException why) {
        if (batches.contains(batch) && batch.error == null) {
            batch.error = why;
            queued.removeIf(item -> item instanceof Slice slice && slice.batch == batch);
        }
    }

    private void endIfSettled(Batch batch, List<Batch> ended) {
        boolean over = batch.beingSent == 0 && (batch.error != null || batch.unsettled == 0);
        if (over && batches.remove(batch)) {
            ended.add(batch);
        }
    }

    /** Writes that end together; its fields belong to the queue's lock. */
    static final class Batch {
        private final CompletableFuture<Void> done = new CompletableFuture<>();
        private final long deadlineNanos;
        private int unsettled;
        private int beingSent;
        private @Nullable TransferException error;

        private Batch(int writes, long deadlineNanos) {
            this.unsettled = writes;
            this.deadlineNanos = deadlineNanos;
        }

        CompletableFuture<Void> done() {
            return done;
        }

        private void complete() {
            TransferException why = error;
            if (why == null) {
                done.complete(null);
            } else {
                done.completeExceptionally(why);
            }
        }
    }
}
