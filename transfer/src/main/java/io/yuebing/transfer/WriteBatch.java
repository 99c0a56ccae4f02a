package io.yuebing.transfer;

import java.util.concurrent.CompletableFuture;

/**
 * Writes that succeed or fail together.
 *
 * <p>However the batch ends, its source memory is no longer read once {@link #done()} is complete.
 */
public interface WriteBatch {

    /** Completes when the receiver has applied every write; fails with a {@link TransferException}. */
    CompletableFuture<Void> done();

    /**
     * Ends the batch unless it has ended; its source memory is no longer read once this returns. Writes that have left
     * may still be applied.
     */
    void cancel();
}
