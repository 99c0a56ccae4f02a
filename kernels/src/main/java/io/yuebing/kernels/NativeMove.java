package io.yuebing.kernels;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/**
 * Moves bytes, in C, between memories in which they have other strides.
 *
 * <p>All offsets and strides are bytes, not negative. Written past the caches, the target costs no read of what it held
 * before; right for more bytes than a cache holds, wrong for what is read again at once.
 */
public final class NativeMove {
    private static final MethodHandle COPY_ROWS = NativeLibrary.function(
            "yuebing_copy_rows",
            FunctionDescriptor.ofVoid(
                    ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle TRANSPOSE = NativeLibrary.function(
            "yuebing_transpose",
            FunctionDescriptor.ofVoid(
                    ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG,
                    JAVA_INT));

    private NativeMove() {}

    /** Whether this process computes with native loops. */
    public static boolean available() {
        return KernelChoice.made().set() == KernelChoice.Set.NATIVE;
    }

    /**
     * Copies {@code rows} rows of {@code bytes} bytes that are contiguous on both sides.
     *
     * @throws IndexOutOfBoundsException if a row does not lie in its segment
     */
    public static void copyRows(
            MemorySegment source,
            long sourceAt,
            long sourceStride,
            MemorySegment target,
            long targetAt,
            long targetStride,
            long rows,
            long bytes,
            boolean pastCaches) {
        check(source, sourceAt, sourceStride, rows, bytes);
        check(target, targetAt, targetStride, rows, bytes);
        try {
            COPY_ROWS.invokeExact(
                    source, sourceAt, sourceStride, target, targetAt, targetStride, rows, bytes, pastCaches ? 1 : 0);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    /**
     * Transposes a matrix of runs of {@code run} bytes: the source's rows hold {@code columns} runs, the target's columns
     * hold {@code rows} runs.
     *
     * @param rowStride bytes between rows in the source
     * @param columnStride bytes between columns in the target
     * @throws IndexOutOfBoundsException if the matrix does not lie in a segment
     */
    public static void transpose(
            MemorySegment source,
            long sourceAt,
            long rowStride,
            MemorySegment target,
            long targetAt,
            long columnStride,
            int run,
            long rows,
            long columns,
            boolean pastCaches) {
        check(source, sourceAt, rowStride, rows, columns * run);
        check(target, targetAt, columnStride, columns, rows * run);
        try {
            TRANSPOSE.invokeExact(
                    source,
                    sourceAt,
                    rowStride,
                    target,
                    targetAt,
                    columnStride,
                    run,
                    rows,
                    columns,
                    pastCaches ? 1 : 0);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    private static void check(MemorySegment segment, long at, long stride, long rows, long bytes) {
        if (rows > 0) {
            Objects.checkFromIndexSize(at, (rows - 1) * stride + bytes, segment.byteSize());
        }
    }
}
