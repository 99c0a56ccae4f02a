package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The segments over the arrays that a thread gave to native kernels, kept so that giving the same arrays again allocates
 * nothing, whatever the compiler makes of it.
 *
 * <p>Keeps its arrays alive until others take their places or the thread ends.
 */
final class HeapSegments {
    /** A power of two, well above the arrays that a thread uses over and over. */
    private static final int PLACES = 64;

    /** Places looked at for an array. */
    private static final int PROBES = 8;

    private static final ThreadLocal<HeapSegments> OF_THREAD = ThreadLocal.withInitial(HeapSegments::new);

    private final @Nullable Object[] arrays = new Object[PLACES];
    private final MemorySegment[] segments = new MemorySegment[PLACES];

    private HeapSegments() {}

    /** The segment over the whole array. */
    static MemorySegment of(float[] array) {
        HeapSegments kept = OF_THREAD.get();
        int home = System.identityHashCode(array);
        int free = home & PLACES - 1;
        for (int probe = 0; probe < PROBES; probe++) {
            int place = home + probe & PLACES - 1;
            if (kept.arrays[place] == array) {
                return kept.segments[place];
            }
            if (kept.arrays[place] == null) {
                free = place;
                break;
            }
        }
        kept.arrays[free] = array;
        kept.segments[free] = MemorySegment.ofArray(array);
        return kept.segments[free];
    }
}
