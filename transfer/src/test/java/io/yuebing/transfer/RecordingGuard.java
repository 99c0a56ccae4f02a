package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.function.Function;

/** A guard that lets everything pass, one permit a write, and remembers it. */
final class RecordingGuard implements WriteGuard {
    final List<IncomingSlice> applied = new CopyOnWriteArrayList<>();
    final List<UUID> dropped = new CopyOnWriteArrayList<>();
    final Semaphore permits = new Semaphore(0);
    final Semaphore arrivals = new Semaphore(0);
    volatile Function<IncomingSlice, Optional<Refusal>> verdict = slice -> Optional.empty();

    static RecordingGuard open() {
        RecordingGuard guard = new RecordingGuard();
        guard.permits.release(Integer.MAX_VALUE);
        return guard;
    }

    /** Holds every write back until the test releases permits. */
    static RecordingGuard holding() {
        return new RecordingGuard();
    }

    @Override
    public Optional<Refusal> apply(IncomingSlice slice, Payload payload, MemorySegment memory) {
        arrivals.release();
        permits.acquireUninterruptibly();
        Optional<Refusal> refusal = verdict.apply(slice);
        if (refusal.isEmpty()) {
            payload.copyTo(memory.asSlice(slice.offset(), slice.length()));
            applied.add(slice);
        }
        return refusal;
    }

    @Override
    public void dropped(UUID ticket, long generation) {
        dropped.add(ticket);
    }
}
