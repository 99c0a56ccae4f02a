package io.yuebing.kv;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Reads and writes elements of each type as floats; little-endian. */
final class ElementCodec {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final float E4M3_MAX = 448;
    private static final float E5M2_MAX = 57344;

    private ElementCodec() {}

    /** The value of an element; of an int8 its code. */
    static float read(ElementType type, MemorySegment memory, long at) {
        return switch (type) {
            case F32 -> Float.intBitsToFloat(memory.get(INT, at));
            case F16 -> Float.float16ToFloat(memory.get(SHORT, at));
            case BF16 -> Float.intBitsToFloat(memory.get(SHORT, at) << 16);
            case FP8_E4M3 -> fp8e4m3(memory.get(ValueLayout.JAVA_BYTE, at));
            // the upper half of the half-precision number with the same value
            case FP8_E5M2 -> Float.float16ToFloat((short) (memory.get(ValueLayout.JAVA_BYTE, at) << 8));
            case INT8 -> memory.get(ValueLayout.JAVA_BYTE, at);
        };
    }

    /** Writes the nearest value of the type, ties to even. */
    static void write(ElementType type, MemorySegment memory, long at, float value) {
        switch (type) {
            case F32 -> memory.set(INT, at, Float.floatToRawIntBits(value));
            case F16 -> memory.set(SHORT, at, Float.floatToFloat16(value));
            case BF16 -> memory.set(SHORT, at, bf16(value));
            case FP8_E4M3 -> memory.set(ValueLayout.JAVA_BYTE, at, toFp8(value, 3, 7, E4M3_MAX, 0x7F));
            case FP8_E5M2 -> memory.set(ValueLayout.JAVA_BYTE, at, toFp8(value, 2, 15, E5M2_MAX, 0x7E));
            case INT8 -> memory.set(ValueLayout.JAVA_BYTE, at, (byte) Math.clamp(Math.rint(value), -127, 127));
        }
    }

    /** The largest magnitude that a quantised row may have after its scale is taken out. */
    static float codeLimit(ElementType type) {
        return switch (type) {
            case INT8 -> 127;
            case FP8_E4M3 -> E4M3_MAX;
            case FP8_E5M2 -> E5M2_MAX;
            case F32, F16, BF16 -> throw new IllegalArgumentException(type.wireName() + " has no scales");
        };
    }

    private static short bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    private static float fp8e4m3(byte bits) {
        int exponent = bits >>> 3 & 0xF;
        int mantissa = bits & 7;
        if (exponent == 0xF && mantissa == 7) {
            return Float.NaN;
        }
        float magnitude =
                exponent == 0 ? Math.scalb((float) mantissa, -9) : Math.scalb((float) (8 + mantissa), exponent - 10);
        return bits < 0 ? -magnitude : magnitude;
    }

    /**
     * Rounds to an 8-bit float.
     *
     * @param mantissaBits without the implicit one
     * @param bias of the exponent
     * @param max largest finite magnitude; larger ones become it, infinities too
     * @param nan code of a quiet NaN
     */
    private static byte toFp8(float value, int mantissaBits, int bias, float max, int nan) {
        int sign = Float.floatToRawIntBits(value) >>> 24 & 0x80;
        if (Float.isNaN(value)) {
            return (byte) (sign | nan);
        }
        float magnitude = Math.min(Math.abs(value), max);
        int exponent = Math.max(Math.getExponent(magnitude), 1 - bias);
        // steps of the last mantissa bit; rounding up to the next power of two carries into the exponent as it should
        int steps = (int) Math.rint(Math.scalb((double) magnitude, mantissaBits - exponent));
        int code = (exponent + bias - 1 << mantissaBits) + steps;
        return (byte) (sign | code);
    }
}
