package io.yuebing.kv;

import io.yuebing.kernels.NativeMove;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies a box of equal elements between two memories in which it has other strides.
 *
 * <p>Digits that follow each other without a gap on both sides become one; what is contiguous on both sides is copied as a
 * run. Where short runs lie across each other, two digits are transposed. So the speed comes from the strides and not from
 * the names of the layouts. The innermost loops are C where this process has native kernels. Keeps scratch memory: for one
 * thread at a time.
 */
final class LoopNest {
    /** From this many bytes on, copying runs one by one is as fast as transposing tiles of them. */
    private static final long LONG_RUN = 64;

    /** Bytes after which a call returns: the garbage collector cannot stop a thread within it. */
    private static final long MOST_IN_A_CALL = 1 << 20;

    /** Bytes of a conversion that may still be in a cache when its target is read. */
    private static final long MOST_CACHED = 4 << 20;

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

    /** What the innermost loops do. */
    sealed interface Kernel permits Rows, NativeRows, TileTranspose, NativeTranspose {
        void copy(MemorySegment source, long sourceOffset, MemorySegment target, long targetOffset);
    }

    /** Rows of bytes that are contiguous on both sides. */
    private record Rows(Digit row, long bytes) implements Kernel {
        @Override
        public void copy(MemorySegment source, long sourceOffset, MemorySegment target, long targetOffset) {
            for (long i = 0; i < row.size(); i++) {
                MemorySegment.copy(source, sourceOffset + i * row.from(), target, targetOffset + i * row.to(), bytes);
            }
        }
    }

    /** {@link Rows} in C. */
    private record NativeRows(Digit row, long bytes, boolean pastCaches) implements Kernel {
        @Override
        public void copy(MemorySegment source, long sourceOffset, MemorySegment target, long targetOffset) {
            long together = Math.max(1, MOST_IN_A_CALL / bytes);
            for (long i = 0; i < row.size(); i += together) {
                NativeMove.copyRows(
                        source,
                        sourceOffset + i * row.from(),
                        row.from(),
                        target,
                        targetOffset + i * row.to(),
                        row.to(),
                        Math.min(together, row.size() - i),
                        bytes,
                        pastCaches);
            }
        }
    }

    /** {@link TileTranspose} in C. */
    private record NativeTranspose(int run, Digit row, Digit column, boolean pastCaches) implements Kernel {
        @Override
        public void copy(MemorySegment source, long sourceOffset, MemorySegment target, long targetOffset) {
            NativeMove.transpose(
                    source,
                    sourceOffset,
                    row.from(),
                    target,
                    targetOffset,
                    column.to(),
                    run,
                    row.size(),
                    column.size(),
                    pastCaches);
        }
    }

    /** Which innermost loops to use. */
    enum Loops {
        JAVA,
        NATIVE,
        /** Writes past the caches: for more than they hold. */
        NATIVE_PAST_CACHES;

        /** The best there are for so many bytes. */
        static Loops of(long bytes) {
            if (!NativeMove.available()) {
                return JAVA;
            }
            return bytes < MOST_CACHED ? NATIVE : NATIVE_PAST_CACHES;
        }
    }

    private LoopNest(List<Digit> loops, Kernel kernel) {
        this.sizes = loops.stream().mapToLong(Digit::size).toArray();
        this.from = loops.stream().mapToLong(Digit::from).toArray();
        this.to = loops.stream().mapToLong(Digit::to).toArray();
        this.kernel = kernel;
    }

    /** The loops that visit every combination of the digits. */
    static LoopNest of(int elementBytes, List<Digit> digits, Loops which) {
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
                return new LoopNest(loops, transpose(Math.toIntExact(run), row, column, which));
            }
        }
        Digit row = loops.isEmpty() ? new Digit(1, 0, 0) : loops.removeLast();
        return new LoopNest(
                loops,
                which == Loops.JAVA ? new Rows(row, run) : new NativeRows(row, run, which == Loops.NATIVE_PAST_CACHES));
    }

    private static Kernel transpose(int run, Digit row, Digit column, Loops which) {
        return which == Loops.JAVA
                ? new TileTranspose(run, row.size(), row.from(), column.size(), column.to())
                : new NativeTranspose(run, row, column, which == Loops.NATIVE_PAST_CACHES);
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
        for (long i = 0; i < sizes[depth]; i++) {
            walk(depth + 1, source, s + i * stepFrom, target, t + i * stepTo);
        }
    }
}
