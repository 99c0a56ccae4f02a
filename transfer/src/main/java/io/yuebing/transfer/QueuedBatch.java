package io.yuebing.transfer;

import io.yuebing.transfer.BatchOptions.Priority;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Slices of a {@link TransferQueue} that end together; the fields belong to the queue's lock. */
final class QueuedBatch {
    private static final byte[] NO_NOTICE = {};

    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private byte[] notice;

    final Priority priority;
    final long deadlineNanos;
    /** Items that the peer has not settled. */
    int unsettled;
    /** Items whose memory a thread reads or writes now. */
    int touched;

    @Nullable
    TransferException error;

    QueuedBatch(int slices, BatchOptions options, long nowNanos) {
        this.unsettled = slices;
        this.priority = options.priority();
        this.notice = options.notice();
        this.deadlineNanos = nowNanos + options.timeout().toNanos();
    }

    CompletableFuture<Void> done() {
        return done;
    }

    /** The message to send now that every slice is settled; null if there is none, or it was taken before. */
    byte @Nullable [] takeNotice() {
        byte[] message = notice;
        notice = NO_NOTICE;
        return message.length == 0 ? null : message;
    }

    boolean over() {
        return touched == 0 && (error != null || unsettled == 0);
    }

    /** Without the queue's lock: whoever waits runs now. */
    void complete() {
        TransferException why = error;
        if (why == null) {
            done.complete(null);
        } else {
            done.completeExceptionally(why);
        }
    }
}
