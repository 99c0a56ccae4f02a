package io.yuebing.engine;

import io.yuebing.api.ServiceException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What other threads ask of the engine's thread. */
sealed interface Command {
    /** Run a new sequence. */
    record Submit(Sequence sequence) implements Command {}

    /** Run a sequence on the blocks of a reservation that has been taken. */
    record Resume(Sequence sequence, BlockReservation reservation) implements Command {}

    /** The reader has left. */
    record Cancel(Sequence sequence) implements Command {}

    /** Grant a reservation as soon as there is room, unless the future is done by then. */
    record Reserve(ReserveWish wish, CompletableFuture<BlockReservation> granted) implements Command {}

    /** A reservation has ended unused. */
    record Release(BlockReservation reservation) implements Command {}

    /** A prompt's blocks have been delivered, or not ({@code failure}). */
    record HoldEnded(Sequence sequence, @Nullable ServiceException failure) implements Command {}
}
