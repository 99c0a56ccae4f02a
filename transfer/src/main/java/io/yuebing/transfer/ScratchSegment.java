package io.yuebing.transfer;

import java.lang.foreign.Arena;

/**
 * Memory that holds nothing, offered beside segments that do: whoever may connect can measure how fast bytes arrive
 * without touching them.
 */
public final class ScratchSegment implements AutoCloseable {
    /** Name of the segment. */
    public static final String NAME = "scratch";

    private static final long BYTES = 1 << 20;

    private final Arena arena = Arena.ofShared();
    private final Segment segment = Segment.open(NAME, arena.allocate(BYTES, 4096));

    public Segment segment() {
        return segment;
    }

    /** Frees the memory, once; the server that offers it must have been closed. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
