package io.yuebing.transfer;

import java.util.concurrent.CompletableFuture;

/**
 * Slices that succeed or fail together.
 *
 * <p>However the batch ends, its local memory is neither read nor written once {@link #done()} is complete.
 */
public interface TransferBatch {

    /**
     * Completes when the peer has applied every write, every read has arrived verified and the peer has taken the notice;
     * fails with a {@link TransferException}.
     */
    CompletableFuture<Void> done();

    /**
     * Ends the batch unless it has ended; its local memory is left alone once this returns. Writes that have left may
     * still be applied.
     */
    void cancel();
}
