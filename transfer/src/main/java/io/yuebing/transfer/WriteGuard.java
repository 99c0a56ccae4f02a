package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.UUID;

/**
 * Decides over every write into a {@link Segment}.
 *
 * <p>The guard copies payloads under its own lock, so it alone decides the order of a write and the release of the memory
 * it goes to. Called by connection threads, several at a time.
 */
public interface WriteGuard {

    /** Lets everybody write everywhere, without tickets. */
    WriteGuard OPEN = new WriteGuard() {
        @Override
        public Optional<Refusal> apply(IncomingSlice slice, Payload payload, MemorySegment memory) {
            payload.copyTo(memory.asSlice(slice.offset(), slice.length()));
            return Optional.empty();
        }

        @Override
        public void dropped(UUID ticket, long generation) {
            // there are no tickets to give up
        }
    };

    /**
     * Copies {@code payload} to its place, or refuses. The write is acknowledged after this returns empty. If the payload
     * turns out to be damaged, its exception must leave the guard as if the write had not come.
     *
     * @param slice what is written where, within the bounds of {@code memory}
     * @param payload {@code slice.length()} bytes, valid during the call only
     * @param memory the whole segment
     */
    Optional<Refusal> apply(IncomingSlice slice, Payload payload, MemorySegment memory);

    /** The writer gives up: nothing more will come for this ticket. Unknown tickets and old generations are ignored. */
    void dropped(UUID ticket, long generation);
}
