package io.yuebing.kernels;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The loops of attention in C. */
final class NativeAttention implements AttentionKernel {
    private static final MethodHandle READ_KEYS = NativeLibrary.function(
            "yuebing_read_keys", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle READ_VALUES = NativeLibrary.function(
            "yuebing_read_values",
            FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle SCORES = NativeLibrary.function(
            "yuebing_scores",
            FunctionDescriptor.ofVoid(
                    ADDRESS, JAVA_INT, ADDRESS, JAVA_FLOAT, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle WEIGH = NativeLibrary.function(
            "yuebing_weigh", FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle ACCUMULATE = NativeLibrary.function(
            "yuebing_accumulate",
            FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT));

    @Override
    public void readKeys(
            MemorySegment cache, long[] rows, CacheElement element, int from, int channels, float[] to, int[] scratch) {
        try {
            READ_KEYS.invokeExact(
                    cache, MemorySegment.ofArray(rows), element.ordinal(), from, channels, MemorySegment.ofArray(to));
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public void readValues(
            MemorySegment cache, long[] rows, long offset, CacheElement element, int from, int channels, float[] to) {
        try {
            READ_VALUES.invokeExact(
                    cache,
                    MemorySegment.ofArray(rows),
                    offset,
                    element.ordinal(),
                    from,
                    channels,
                    MemorySegment.ofArray(to));
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public void scores(
            float[] keys,
            int channels,
            float[] keyScales,
            float scale,
            float[] q,
            int[] at,
            int from,
            int to,
            float[] scores) {
        try {
            SCORES.invokeExact(
                    MemorySegment.ofArray(keys),
                    channels,
                    MemorySegment.ofArray(keyScales),
                    scale,
                    MemorySegment.ofArray(q),
                    MemorySegment.ofArray(at),
                    from,
                    to,
                    MemorySegment.ofArray(scores));
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public void weigh(float[] scores, int from, int to, float[] largest, float[] sums, float[] scratch) {
        try {
            WEIGH.invokeExact(
                    MemorySegment.ofArray(scores),
                    from,
                    to,
                    MemorySegment.ofArray(largest),
                    MemorySegment.ofArray(sums));
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public void accumulate(
            float[] values,
            int channels,
            int first,
            int last,
            float[] weights,
            int weightsAt,
            float[] sums,
            int sumsAt,
            int stride,
            int queries) {
        try {
            ACCUMULATE.invokeExact(
                    MemorySegment.ofArray(values),
                    channels,
                    first,
                    last,
                    NativeRows.from(weights, weightsAt, weights.length - weightsAt),
                    NativeRows.from(sums, sumsAt, sums.length - sumsAt),
                    stride,
                    queries);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }
}
