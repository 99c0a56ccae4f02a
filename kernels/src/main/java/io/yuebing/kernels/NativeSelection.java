package io.yuebing.kernels;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/** The loops over scores in C. */
final class NativeSelection implements SelectionKernel {
    private static final MethodHandle LARGEST =
            NativeLibrary.function("yuebing_largest", FunctionDescriptor.of(JAVA_FLOAT, ADDRESS, JAVA_INT, JAVA_INT));
    private static final MethodHandle FIRST_AT_LEAST = NativeLibrary.function(
            "yuebing_first_at_least", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_FLOAT));
    private static final MethodHandle EXPONENTIALS = NativeLibrary.function(
            "yuebing_select_exponentials",
            FunctionDescriptor.of(
                    JAVA_FLOAT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT, JAVA_FLOAT, ADDRESS, JAVA_INT));
    private static final MethodHandle SUM_AT_LEAST = NativeLibrary.function(
            "yuebing_sum_at_least", FunctionDescriptor.of(JAVA_FLOAT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_FLOAT));
    private static final MethodHandle COUNT_AT_LEAST = NativeLibrary.function(
            "yuebing_count_at_least", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_FLOAT));

    @Override
    public float largest(float[] x, int at, int n) {
        try {
            return (float) LARGEST.invokeExact(HeapSegments.of(x), at, n);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public int firstAtLeast(float[] x, int from, int to, float least) {
        try {
            return (int) FIRST_AT_LEAST.invokeExact(HeapSegments.of(x), from, to, least);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public float exponentials(
            float[] x, int at, int n, float shift, float factor, float least, float[] weights, int weightsAt) {
        try {
            return (float) EXPONENTIALS.invokeExact(
                    HeapSegments.of(x), at, n, shift, factor, least, HeapSegments.of(weights), weightsAt);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public float sumAtLeast(float[] x, int at, int n, float least) {
        try {
            return (float) SUM_AT_LEAST.invokeExact(HeapSegments.of(x), at, n, least);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public int countAtLeast(float[] x, int at, int n, float least) {
        try {
            return (int) COUNT_AT_LEAST.invokeExact(HeapSegments.of(x), at, n, least);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }
}
