package io.yuebing.transfer.mooncake;

import io.yuebing.transfer.BatchOptions;
import io.yuebing.transfer.BatchOptions.Priority;
import io.yuebing.transfer.Slice;
import io.yuebing.transfer.TransferException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What waits for a lane, most urgent first.
 *
 * <p>A lane that has taken a task touches its batch's memory until it has ended the task. A batch ends only when none of its
 * tasks is taken, so whoever waits for its end may reuse the memory.
 */
final class MooncakeQueue {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Priority, ArrayDeque<Task>> waiting = new EnumMap<>(Priority.class);
    private final Set<Batch> batches = new LinkedHashSet<>();
    private @Nullable TransferException closed;
    private int taken;
    private long bytesTaken;

    MooncakeQueue() {
        for (Priority priority : Priority.values()) {
            waiting.put(priority, new ArrayDeque<>());
        }
    }

    /** One thing for a lane to do. */
    sealed interface Task {
        Batch batch();

        long bytes();

        /** A slice to carry. */
        record Carry(Batch batch, Slice slice) implements Task {
            @Override
            public long bytes() {
                return slice.length();
            }
        }

        /** The batch's notice to deliver, after its last slice. */
        record Tell(Batch batch, String message) implements Task {
            @Override
            public long bytes() {
                return 0;
            }
        }
    }

    /** Slices that end together; the fields belong to the queue's lock. */
    static final class Batch {
        final CompletableFuture<Void> done = new CompletableFuture<>();
        final long deadlineNanos;
        private final Priority priority;
        private @Nullable String notice;
        private int unsettled;
        private int taken;
        private @Nullable TransferException error;

        private Batch(int slices, BatchOptions options, @Nullable String notice, long nowNanos) {
            this.unsettled = slices;
            this.priority = options.priority();
            this.notice = notice;
            this.deadlineNanos = nowNanos + options.timeout().toNanos();
        }

        private void complete() {
            if (error == null) {
                done.complete(null);
            } else {
                done.completeExceptionally(error);
            }
        }
    }

    /**
     * @param notice null for none
     */
    Batch add(List<? extends Slice> slices, BatchOptions options, @Nullable String notice, long nowNanos)
            throws TransferException {
        lock.lock();
        try {
            if (closed != null) {
                throw closed;
            }
            Batch batch = new Batch(slices.size(), options, notice, nowNanos);
            batches.add(batch);
            slices.forEach(slice -> queue(batch.priority).add(new Task.Carry(batch, slice)));
            changed.signalAll();
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a task; null when the queue is closed. {@link #end} must follow. */
    @Nullable
    Task take() throws InterruptedException {
        lock.lock();
        try {
            while (closed == null) {
                for (ArrayDeque<Task> queue : waiting.values()) {
                    Task task = queue.pollFirst();
                    if (task != null) {
                        task.batch().taken++;
                        taken++;
                        bytesTaken += task.bytes();
                        return task;
                    }
                }
                changed.await();
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** The lane no longer touches the task's memory; {@code error} says why it failed, if it did. */
    void end(Task task, @Nullable TransferException error) {
        List<Batch> ended = new ArrayList<>();
        lock.lock();
        try {
            Batch batch = task.batch();
            batch.taken--;
            taken--;
            bytesTaken -= task.bytes();
            batch.unsettled--;
            if (error != null) {
                fail(batch, error);
            } else if (batch.unsettled == 0 && batch.error == null && batch.notice != null) {
                batch.unsettled = 1;
                queue(batch.priority).addFirst(new Task.Tell(batch, batch.notice));
                batch.notice = null;
            }
            endIfOver(batch, ended);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        ended.forEach(Batch::complete);
    }

    /**
     * Fails a batch and waits up to {@code grace} until no lane touches its memory.
     *
     * @return false if one still does
     */
    boolean cancel(Batch batch, TransferException why, Duration grace) {
        List<Batch> ended = new ArrayList<>();
        boolean quiet;
        boolean interrupted = false;
        lock.lock();
        try {
            fail(batch, why);
            long left = grace.toNanos();
            while (batch.taken > 0 && left > 0) {
                try {
                    left = changed.awaitNanos(left);
                } catch (InterruptedException _) {
                    interrupted = true;
                }
            }
            quiet = batch.taken == 0;
            endIfOver(batch, ended);
        } finally {
            lock.unlock();
        }
        ended.forEach(Batch::complete);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return quiet;
    }

    /** Waits until no lane touches the memory of a batch that has been cancelled. */
    void awaitUntouched(Batch batch) {
        lock.lock();
        try {
            while (batch.taken > 0) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until no lane touches any memory, after {@link #close}. */
    void awaitUntouched() {
        lock.lock();
        try {
            while (taken > 0) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    boolean failed(Batch batch) {
        lock.lock();
        try {
            return batch.error != null;
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of the slices that lanes carry now. */
    long bytesTaken() {
        lock.lock();
        try {
            return bytesTaken;
        } finally {
            lock.unlock();
        }
    }

    List<Batch> overdue(long nowNanos) {
        lock.lock();
        try {
            return batches.stream()
                    .filter(batch -> batch.error == null && batch.deadlineNanos - nowNanos <= 0)
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    /** Accepts nothing more; every batch fails when no lane touches its memory. The first reason given counts. */
    void close(TransferException why) {
        List<Batch> ended = new ArrayList<>();
        lock.lock();
        try {
            TransferException reason = closed == null ? why : closed;
            closed = reason;
            for (Batch batch : List.copyOf(batches)) {
                fail(batch, reason);
                endIfOver(batch, ended);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        ended.forEach(Batch::complete);
    }

    private ArrayDeque<Task> queue(Priority priority) {
        return Objects.requireNonNull(waiting.get(priority), "every priority has a queue");
    }

    private void fail(Batch batch, TransferException why) {
        if (batches.contains(batch) && batch.error == null) {
            batch.error = why;
            queue(batch.priority).removeIf(task -> task.batch() == batch);
        }
    }

    private void endIfOver(Batch batch, List<Batch> ended) {
        if (batch.taken == 0 && (batch.error != null || batch.unsettled == 0) && batches.remove(batch)) {
            ended.add(batch);
        }
    }
}
