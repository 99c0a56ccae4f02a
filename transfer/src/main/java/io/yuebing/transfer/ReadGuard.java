package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;

/**
 * Decides over every read of a {@link Segment}.
 *
 * <p>Called by connection threads, several at a time.
 */
@FunctionalInterface
public interface ReadGuard {

    /** Refuses every read. */
    ReadGuard NONE = (slice, _) -> new Refused(
            new Refusal(RefusalCode.NOT_READABLE, "ticket " + slice.ticket() + ": this segment cannot be read"));

    /** Lets everybody read everything; for memory that stays as it is while the segment is offered. */
    ReadGuard OPEN = (slice, memory) -> new Granted(memory.asSlice(slice.offset(), slice.length()), () -> {});

    /** Whether {@code slice}, within the bounds of {@code memory}, may be read now. */
    Answer open(IncomingSlice slice, MemorySegment memory);

    /** The answer to a peer that wants to read. */
    sealed interface Answer {}

    /**
     * The peer may read.
     *
     * @param bytes what it gets; they keep their owner and content until {@code end} is called
     * @param end called exactly once, when the bytes are no longer read; the transport's stall timeout bounds how late
     */
    record Granted(MemorySegment bytes, Runnable end) implements Answer {}

    /** The peer may not read. */
    record Refused(Refusal refusal) implements Answer {}
}
