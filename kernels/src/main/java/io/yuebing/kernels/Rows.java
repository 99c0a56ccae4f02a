package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Converts between floats and the little-endian element types of model files.
 *
 * <p>Widening is exact. Narrowing rounds to the nearest value, ties to even.
 */
public final class Rows {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Rows() {}

    /** Reads {@code n} floats. */
    public static void f32ToFloat(MemorySegment src, long byteOffset, float[] dst, int dstOffset, int n) {
        MemorySegment.copy(src, FLOAT, byteOffset, dst, dstOffset, n);
    }

    /** Reads {@code n} IEEE half-precision values. */
    public static void f16ToFloat(MemorySegment src, long byteOffset, float[] dst, int dstOffset, int n) {
        for (int i = 0; i < n; i++) {
            dst[dstOffset + i] = Float.float16ToFloat(src.get(SHORT, byteOffset + (long) i * Short.BYTES));
        }
    }

    /** Reads {@code n} bfloat16 values. */
    public static void bf16ToFloat(MemorySegment src, long byteOffset, float[] dst, int dstOffset, int n) {
        Kernels.active().rows().bf16ToFloat(src, byteOffset, dst, dstOffset, n);
    }

    /** Writes {@code n} floats. */
    public static void floatToF32(float[] src, int srcOffset, MemorySegment dst, long byteOffset, int n) {
        MemorySegment.copy(src, srcOffset, dst, FLOAT, byteOffset, n);
    }

    /** Writes {@code n} values as IEEE half precision. */
    public static void floatToF16(float[] src, int srcOffset, MemorySegment dst, long byteOffset, int n) {
        for (int i = 0; i < n; i++) {
            dst.set(SHORT, byteOffset + (long) i * Short.BYTES, Float.floatToFloat16(src[srcOffset + i]));
        }
    }

    /** Writes {@code n} values as bfloat16. */
    public static void floatToBf16(float[] src, int srcOffset, MemorySegment dst, long byteOffset, int n) {
        for (int i = 0; i < n; i++) {
            dst.set(SHORT, byteOffset + (long) i * Short.BYTES, floatToBf16(src[srcOffset + i]));
        }
    }

    /** The value of a bfloat16. */
    public static float bf16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << Short.SIZE);
    }

    /** The bits of the nearest bfloat16. */
    public static short floatToBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) { // rounding could carry a NaN over to infinity
            return (short) (bits >>> Short.SIZE | 0x40);
        }
        int odd = bits >>> Short.SIZE & 1;
        return (short) (bits + 0x7FFF + odd >>> Short.SIZE);
    }
}
