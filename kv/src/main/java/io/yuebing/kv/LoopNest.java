package io.yuebing.kv;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies a box of equal elements between two memories in which it has other strides.
 *
 * <p>Digits that follow each other without a gap on both sides become one; what is contiguous on both sides is copied as a
 * run. Where short runs lie across each other, two digits are transposed in tiles. So the speed comes from the strides
 * and not from the names of the layouts. Keeps scratch memory: for one thread at a time.
 */
final class LoopNest {
    /** From this many bytes on, copying runs one by one is as fast as transposing tiles of them. */
    private static final long LONG_RUN = 64;

    private final long[] sizes;
    private final long[] from;
    private final long[] to;
    private final Kernel kernel;

    /**
     * One loop.
     *
     * @param size iterations
     * @param from bytes that one iteration advances in the source
     * @param to bytes that one iteration advances in the target
     */
    record Digit(long size, long from, long to) {}

    /** What the innermost loop does. */
    sealed interface Kernel permits Run, TileTranspose {
        void copy(MemorySegment source, long sourceOffset, MemorySegment target, long targetOffset);
    }

    /** Bytes that are contiguous on both sides. */
    private record Run(long bytes) implements Kernel {
        @Override
        public void copy(MemorySegment source, long sourceOffset, MemorySegment target, long targetOffset) {
            MemorySegment.copy(source, sourceOffset, target, targetOffset, bytes);
        }
    }

    private LoopNest(List<Digit> loops, Kernel kernel) {
        this.sizes = loops.stream().mapToLong(Digit::size).toArray();
        this.from = loops.stream().mapToLong(Digit::from).toArray();
        this.to = loops.stream().mapToLong(Digit::to).toArray();
        this.kernel = kernel;
    }

    /** The loops that visit every combination of the digits. */
    static LoopNest of(int elementBytes, List<Digit> digits) {
        List<Digit> loops = coalesce(digits);
        long run = elementBytes;
        if (!loops.isEmpty() && loops.getLast().from() == run && loops.getLast().to() == run) {
            run *= loops.removeLast().size();
        }
        if (run < LONG_RUN && TileTranspose.possible(run)) {
            Digit column = find(loops, run, true);
            Digit row = find(loops, run, false);
            if (column != null && row != null) {
                loops.remove(column);
                loops.remove(row);
                return new LoopNest(
                        loops,
                        new TileTranspose(Math.toIntExact(run), row.size(), row.from(), column.size(), column.to()));
            }
        }
        return new LoopNest(loops, new Run(run));
    }

    private static @Nullable Digit find(List<Digit> loops, long stride, boolean inSource) {
        for (Digit digit : loops) {
            if ((inSource ? digit.from() : digit.to()) == stride) {
                return digit;
            }
        }
        return null;
    }

    /** The digits in the order of the target's memory, neighbours without a gap joined. */
    private static List<Digit> coalesce(List<Digit> digits) {
        List<Digit> joined = new ArrayList<>();
        digits.stream()
                .filter(digit -> digit.size() > 1)
                .sorted(Comparator.comparingLong(Digit::to)
                        .thenComparingLong(Digit::from)
                        .reversed())
                .forEach(inner -> {
                    Digit outer = joined.isEmpty() ? null : joined.getLast();
                    if (outer != null
                            && outer.from() == inner.from() * inner.size()
                            && outer.to() == inner.to() * inner.size()) {
                        joined.removeLast();
                        joined.add(new Digit(outer.size() * inner.size(), inner.from(), inner.to()));
                    } else {
                        joined.add(inner);
                    }
                });
        return joined;
    }

    /** Copies the box that begins at these offsets. */
    void copy(MemorySegment source, long sourceOffset, MemorySegment target, long targetOffset) {
        walk(0, source, sourceOffset, target, targetOffset);
    }

    private void walk(int depth, MemorySegment source, long s, MemorySegment target, long t) {
        if (depth == sizes.length) {
            kernel.copy(source, s, target, t);
            return;
        }
        long stepFrom = from[depth];
        long stepTo = to[depth];
        if (depth < sizes.length - 1) {
            for (long i = 0; i < sizes[depth]; i++) {
                walk(depth + 1, source, s + i * stepFrom, target, t + i * stepTo);
            }
        } else if (kernel instanceof Run(long bytes)) {
            for (long i = 0; i < sizes[depth]; i++) {
                MemorySegment.copy(source, s + i * stepFrom, target, t + i * stepTo, bytes);
            }
        } else {
            for (long i = 0; i < sizes[depth]; i++) {
                kernel.copy(source, s + i * stepFrom, target, t + i * stepTo);
            }
        }
    }
}
