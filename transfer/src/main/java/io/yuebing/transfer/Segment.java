package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Memory that a process offers to peers elsewhere.
 *
 * <p>Does not own the memory: it must stay alive until the server that offers it is closed and the guards refuse
 * everything.
 *
 * @param name what peers ask for, 1 to 255 bytes of UTF-8
 * @param memory the bytes, off-heap and accessible from any thread
 * @param writes decides over every write
 * @param reads decides over every read
 * @param greeting exchanged with each peer before anything else
 * @param notices hears of completed batches
 * @param shared holds {@code memory}, if callers of this host may read it in place; {@code reads} must then grant the
 *     memory itself
 */
public record Segment(
        String name,
        MemorySegment memory,
        WriteGuard writes,
        ReadGuard reads,
        Greeting greeting,
        NoticeListener notices,
        Optional<SharedMemory> shared) {

    public Segment {
        if (shared.isPresent() && shared.get().offsetOf(memory) < 0) {
            throw new IllegalArgumentException("the segment '" + name + "' is not in this shared memory");
        }
    }

    /** A segment whose bytes go to callers in copies. */
    public Segment(
            String name,
            MemorySegment memory,
            WriteGuard writes,
            ReadGuard reads,
            Greeting greeting,
            NoticeListener notices) {
        this(name, memory, writes, reads, greeting, notices, Optional.empty());
    }

    /** A segment that peers only write to. */
    public Segment(String name, MemorySegment memory, WriteGuard writes, Greeting greeting) {
        this(name, memory, writes, ReadGuard.NONE, greeting, NoticeListener.IGNORE);
    }

    /** A segment that everybody may read and write, without tickets. */
    public static Segment open(String name, MemorySegment memory) {
        return new Segment(name, memory, WriteGuard.OPEN, ReadGuard.OPEN, Greeting.EMPTY, NoticeListener.IGNORE);
    }

    /** As {@link #open(String, MemorySegment)}, over all of the shared memory. */
    public static Segment open(String name, SharedMemory shared) {
        return new Segment(
                name,
                shared.memory(),
                WriteGuard.OPEN,
                ReadGuard.OPEN,
                Greeting.EMPTY,
                NoticeListener.IGNORE,
                Optional.of(shared));
    }
}
