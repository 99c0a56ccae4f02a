package io.yuebing.transfer;

import java.lang.foreign.MemorySegment;

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
 */
public record Segment(
        String name,
        MemorySegment memory,
        WriteGuard writes,
        ReadGuard reads,
        Greeting greeting,
        NoticeListener notices) {

    /** A segment that peers only write to. */
    public Segment(String name, MemorySegment memory, WriteGuard writes, Greeting greeting) {
        this(name, memory, writes, ReadGuard.NONE, greeting, NoticeListener.IGNORE);
    }

    /** A segment that everybody may read and write, without tickets. */
    public static Segment open(String name, MemorySegment memory) {
        return new Segment(name, memory, WriteGuard.OPEN, ReadGuard.OPEN, Greeting.EMPTY, NoticeListener.IGNORE);
    }
}
