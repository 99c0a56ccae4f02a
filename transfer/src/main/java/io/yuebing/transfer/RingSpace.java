package io.yuebing.transfer;

/**
 * Who may use which bytes of a shared-memory ring: contiguous pieces, given out and given back in order.
 *
 * <pre>
 *        tail % capacity          head % capacity
 *   +----------|=======================|-----------+
 *   |   free   |   given out           |   free    |
 *   +----------|=======================|-----------+
 * </pre>
 *
 * A piece that does not fit before the end begins at 0 again; what it skips is given back with it. An empty ring begins
 * at 0, so that a connection with little in flight stays within the processor's cache.
 */
final class RingSpace {
    /** A cache line, so that two pieces never share one. */
    private static final int ALIGNMENT = 64;

    private final long capacity;
    private long head;
    private long tail;

    RingSpace(long capacity) {
        if (capacity < ALIGNMENT || capacity % ALIGNMENT != 0) {
            throw new IllegalArgumentException("a ring of " + capacity + " bytes; a multiple of " + ALIGNMENT);
        }
        this.capacity = capacity;
    }

    /** Offset of a new piece, or -1 if there is no room for it now. */
    long allocate(int bytes) {
        if (head == tail) {
            head = 0;
            tail = 0;
        }
        long size = Math.ceilDiv(bytes, ALIGNMENT) * (long) ALIGNMENT;
        long offset = head % capacity;
        long skipped = offset + size > capacity ? capacity - offset : 0;
        if (head + skipped + size - tail > capacity) {
            return -1;
        }
        head += skipped + size;
        return (offset + skipped) % capacity;
    }

    /** Where the newest piece ends, for {@link #free}. */
    long mark() {
        return head;
    }

    /** Takes back every piece up to a mark. */
    void free(long mark) {
        tail = mark;
    }
}
