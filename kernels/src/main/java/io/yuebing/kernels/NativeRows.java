package io.yuebing.kernels;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The loops over rows in C, where they take time. */
final class NativeRows implements RowKernel {
    private static final MethodHandle SUM_OF_SQUARES = NativeLibrary.function(
            "yuebing_sum_of_squares",
            FunctionDescriptor.of(ValueLayout.JAVA_FLOAT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final FunctionDescriptor GATE = FunctionDescriptor.ofVoid(
            ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
    private static final MethodHandle SILU_MUL = NativeLibrary.function("yuebing_silu_mul", GATE);
    private static final MethodHandle GELU_MUL = NativeLibrary.function("yuebing_gelu_mul", GATE);

    private static final MethodHandle SOFT_CAP = NativeLibrary.function(
            "yuebing_soft_cap",
            FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_FLOAT));

    private final RowKernel plain = new ScalarRows();

    @Override
    public float sumOfSquares(float[] x, int offset, int n) {
        try {
            return (float) SUM_OF_SQUARES.invokeExact(from(x, offset, n), n);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public void siluMul(float[] gate, int gateOffset, float[] up, int upOffset, float[] out, int outOffset, int n) {
        try {
            SILU_MUL.invokeExact(from(gate, gateOffset, n), from(up, upOffset, n), from(out, outOffset, n), n);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public void geluMul(float[] gate, int gateOffset, float[] up, int upOffset, float[] out, int outOffset, int n) {
        try {
            GELU_MUL.invokeExact(from(gate, gateOffset, n), from(up, upOffset, n), from(out, outOffset, n), n);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public void softCap(float[] x, int offset, int n, float cap) {
        try {
            SOFT_CAP.invokeExact(from(x, offset, n), n, cap);
        } catch (Throwable t) {
            throw NativeLibrary.failed(t);
        }
    }

    @Override
    public float exponentials(float[] scores, int offset, int n) {
        return plain.exponentials(scores, offset, n);
    }

    @Override
    public float quantize(float[] values, int offset, int n) {
        return plain.quantize(values, offset, n);
    }

    @Override
    public void bf16ToFloat(MemorySegment src, long byteOffset, float[] dst, int dstOffset, int n) {
        plain.bf16ToFloat(src, byteOffset, dst, dstOffset, n);
    }

    static MemorySegment from(float[] array, int offset, int n) {
        return MemorySegment.ofArray(array).asSlice((long) offset * Float.BYTES, (long) n * Float.BYTES);
    }
}
