package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;

/**
 * All of the process's memory as one segment, read at absolute addresses.
 *
 * <p>The bounds and the lifetime of a segment that the compiler does not know are checked at each load, which makes the
 * loops over packed weights half as fast. Those of this constant cost nothing. Whoever reads through it keeps the memory
 * alive and stays within it: only {@link PanelMatrix} hands out addresses, those of its own panels.
 */
final class NativeMemory {
    static final MemorySegment ALL = everything();

    private NativeMemory() {}

    @SuppressWarnings("restricted")
    private static MemorySegment everything() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }
}
