package io.yuebing.kernels;

import static io.yuebing.kernels.AttentionKernel.TILE;
import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Widens rows of a KV cache to floats in vectors; keys are transposed on the way.
 *
 * <p>The rows are transposed as 32-bit integers, each of which holds one, two or four channels:
 *
 * <pre>
 *   position 0:  [c0 c1] [c2 c3] ...            channel c0: position 0, 1, 2, ...
 *   position 1:  [c0 c1] [c2 c3] ...     -->    channel c1: position 0, 1, 2, ...
 * </pre>
 *
 * A square of n by n is transposed by log2 n rounds; in each, the vectors i and i + n/2 are interleaved to the vectors 2i and
 * 2i + 1. Two rounds are done at a time.
 */
final class VectorCacheRows {
    private static final IntVector LOW = interleaving(0);
    private static final IntVector HIGH = interleaving(COUNT / 2);

    /** At least as many bytes as {@link Lanes#INTS} has lanes. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, Lanes.BITS / 4)));

    /** Mantissa bits that a float has more than half precision. */
    private static final int SHIFT = 13;

    /** The difference of the exponents' biases, 127 - 15: half precision in a float's place is too small by this. */
    private static final float REBIAS = 0x1p112f;

    /** What infinity becomes by rebiasing. */
    private static final float INFINITE = 0x1p16f;

    private static final int MAGNITUDE = 0x7FFF << SHIFT;
    private static final int EXPONENT = 0x7F80_0000;

    private VectorCacheRows() {}

    private static IntVector interleaving(int first) {
        int[] lanes = new int[COUNT];
        for (int i = 0; i < COUNT; i++) {
            lanes[i] = first + i / 2 + i % 2 * COUNT;
        }
        return IntVector.fromArray(INTS, lanes, 0);
    }

    /** As {@link AttentionKernel#readKeys}; returns the first channel that was not read. */
    static int keys(
            MemorySegment cache, long[] rows, CacheElement element, int from, int channels, float[] to, int[] scratch) {
        int group = COUNT * (Integer.BYTES / element.bytes());
        int channel = from;
        for (; channel + group <= channels; channel += group) {
            long offset = (long) channel * element.bytes();
            for (int position = 0; position < TILE; position += COUNT) {
                transpose(cache, rows, position, offset, scratch);
                int at = channel * TILE + position;
                switch (element) {
                    case F32 -> floats(scratch, to, at);
                    case F16 -> halves(scratch, to, at);
                    case BF16 -> bfloats(scratch, to, at);
                    case INT8 -> bytes(scratch, to, at);
                }
            }
        }
        return channel;
    }

    /** Reads a square and leaves it transposed in the first half of {@code t}. */
    private static void transpose(MemorySegment cache, long[] rows, int position, long offset, int[] t) {
        int half = COUNT * COUNT;
        if (COUNT == 16) {
            for (int i = 0; i < 4; i++) {
                IntVector a = row(cache, rows[position + i] + offset);
                IntVector b = row(cache, rows[position + i + 4] + offset);
                IntVector c = row(cache, rows[position + i + 8] + offset);
                IntVector d = row(cache, rows[position + i + 12] + offset);
                interleave(a, b, c, d, t, half + 4 * i * COUNT);
            }
        } else if (COUNT == 8) {
            for (int i = 0; i < 4; i++) {
                IntVector a = row(cache, rows[position + i] + offset);
                IntVector b = row(cache, rows[position + i + 4] + offset);
                LOW.selectFrom(a, b).intoArray(t, half + 2 * i * COUNT);
                HIGH.selectFrom(a, b).intoArray(t, half + (2 * i + 1) * COUNT);
            }
        } else {
            for (int i = 0; i < COUNT; i++) {
                row(cache, rows[position + i] + offset).intoArray(t, half + i * COUNT);
            }
        }
        int quarter = half / 4;
        for (int i = 0; i < COUNT / 4; i++) {
            int at = half + i * COUNT;
            IntVector a = IntVector.fromArray(INTS, t, at);
            IntVector b = IntVector.fromArray(INTS, t, at + quarter);
            IntVector c = IntVector.fromArray(INTS, t, at + 2 * quarter);
            IntVector d = IntVector.fromArray(INTS, t, at + 3 * quarter);
            interleave(a, b, c, d, t, 4 * i * COUNT);
        }
    }

    private static IntVector row(MemorySegment cache, long at) {
        return IntVector.fromMemorySegment(INTS, cache, at, ByteOrder.LITTLE_ENDIAN);
    }

    /** Two rounds for the vectors i, i + n/4, i + n/2 and i + 3n/4, which become 4i to 4i + 3. */
    private static void interleave(IntVector a, IntVector b, IntVector c, IntVector d, int[] to, int at) {
        IntVector lowAc = LOW.selectFrom(a, c);
        IntVector highAc = HIGH.selectFrom(a, c);
        IntVector lowBd = LOW.selectFrom(b, d);
        IntVector highBd = HIGH.selectFrom(b, d);
        LOW.selectFrom(lowAc, lowBd).intoArray(to, at);
        HIGH.selectFrom(lowAc, lowBd).intoArray(to, at + COUNT);
        LOW.selectFrom(highAc, highBd).intoArray(to, at + 2 * COUNT);
        HIGH.selectFrom(highAc, highBd).intoArray(to, at + 3 * COUNT);
    }

    private static void floats(int[] from, float[] to, int at) {
        for (int i = 0; i < COUNT; i++) {
            IntVector.fromArray(INTS, from, i * COUNT).reinterpretAsFloats().intoArray(to, at + i * TILE);
        }
    }

    private static void bfloats(int[] from, float[] to, int at) {
        for (int i = 0; i < COUNT; i++) {
            IntVector pair = IntVector.fromArray(INTS, from, i * COUNT);
            pair.lanewise(VectorOperators.LSHL, Short.SIZE)
                    .reinterpretAsFloats()
                    .intoArray(to, at + 2 * i * TILE);
            pair.and(0xFFFF_0000).reinterpretAsFloats().intoArray(to, at + (2 * i + 1) * TILE);
        }
    }

    private static void halves(int[] from, float[] to, int at) {
        for (int i = 0; i < COUNT; i++) {
            IntVector pair = IntVector.fromArray(INTS, from, i * COUNT);
            FloatVector low = pair.lanewise(VectorOperators.LSHL, SHIFT)
                    .and(MAGNITUDE)
                    .reinterpretAsFloats()
                    .mul(REBIAS);
            FloatVector high = pair.lanewise(VectorOperators.LSHR, Short.SIZE - SHIFT)
                    .and(MAGNITUDE)
                    .reinterpretAsFloats()
                    .mul(REBIAS);
            VectorMask<Integer> lowInfinite =
                    low.compare(VectorOperators.GE, INFINITE).cast(INTS);
            VectorMask<Integer> highInfinite =
                    high.compare(VectorOperators.GE, INFINITE).cast(INTS);
            low.reinterpretAsInts()
                    .lanewise(VectorOperators.OR, EXPONENT, lowInfinite)
                    .or(pair.lanewise(VectorOperators.LSHL, Short.SIZE).and(Integer.MIN_VALUE))
                    .reinterpretAsFloats()
                    .intoArray(to, at + 2 * i * TILE);
            high.reinterpretAsInts()
                    .lanewise(VectorOperators.OR, EXPONENT, highInfinite)
                    .or(pair.and(Integer.MIN_VALUE))
                    .reinterpretAsFloats()
                    .intoArray(to, at + (2 * i + 1) * TILE);
        }
    }

    private static void bytes(int[] from, float[] to, int at) {
        for (int part = 0; part < Integer.BYTES; part++) {
            int left = Integer.SIZE - Byte.SIZE * (part + 1);
            for (int i = 0; i < COUNT; i++) {
                IntVector signed = IntVector.fromArray(INTS, from, i * COUNT)
                        .lanewise(VectorOperators.LSHL, left)
                        .lanewise(VectorOperators.ASHR, Integer.SIZE - Byte.SIZE);
                ((FloatVector) signed.convert(VectorOperators.I2F, 0)).intoArray(to, at + (4 * i + part) * TILE);
            }
        }
    }

    /** As {@link AttentionKernel#readValues}; returns the first channel that was not read. */
    static int values(
            MemorySegment cache, long[] rows, long offset, CacheElement element, int from, int channels, float[] to) {
        int step = element == CacheElement.INT8 ? BYTES.length() : COUNT;
        int end = from + (channels - from) / step * step;
        switch (element) {
            case F32 -> floatValues(cache, rows, offset, from, end, channels, to);
            case F16 -> halfValues(cache, rows, offset, from, end, channels, to);
            case BF16 -> bfloatValues(cache, rows, offset, from, end, channels, to);
            case INT8 -> byteValues(cache, rows, offset, from, end, channels, to);
        }
        return end;
    }

    private static void floatValues(
            MemorySegment cache, long[] rows, long offset, int from, int end, int channels, float[] to) {
        for (int i = 0; i < TILE; i++) {
            long row = rows[i] + offset;
            for (int c = from; c < end; c += COUNT) {
                FloatVector.fromMemorySegment(FLOATS, cache, row + 4L * c, ByteOrder.LITTLE_ENDIAN)
                        .intoArray(to, i * channels + c);
            }
        }
    }

    private static void bfloatValues(
            MemorySegment cache, long[] rows, long offset, int from, int end, int channels, float[] to) {
        for (int i = 0; i < TILE; i++) {
            long row = rows[i] + offset;
            for (int c = from; c < end; c += COUNT) {
                ShortVector bits =
                        ShortVector.fromMemorySegment(Lanes.HALF_SHORTS, cache, row + 2L * c, ByteOrder.LITTLE_ENDIAN);
                ((IntVector) bits.convertShape(VectorOperators.S2I, INTS, 0))
                        .lanewise(VectorOperators.LSHL, Short.SIZE)
                        .reinterpretAsFloats()
                        .intoArray(to, i * channels + c);
            }
        }
    }

    private static void halfValues(
            MemorySegment cache, long[] rows, long offset, int from, int end, int channels, float[] to) {
        for (int i = 0; i < TILE; i++) {
            long row = rows[i] + offset;
            for (int c = from; c < end; c += COUNT) {
                ShortVector bits =
                        ShortVector.fromMemorySegment(Lanes.HALF_SHORTS, cache, row + 2L * c, ByteOrder.LITTLE_ENDIAN);
                IntVector half = (IntVector) bits.convertShape(VectorOperators.S2I, INTS, 0);
                FloatVector value = half.lanewise(VectorOperators.LSHL, SHIFT)
                        .and(MAGNITUDE)
                        .reinterpretAsFloats()
                        .mul(REBIAS);
                VectorMask<Integer> infinite =
                        value.compare(VectorOperators.GE, INFINITE).cast(INTS);
                value.reinterpretAsInts()
                        .lanewise(VectorOperators.OR, EXPONENT, infinite)
                        .or(half.and(Integer.MIN_VALUE)) // the sign was extended
                        .reinterpretAsFloats()
                        .intoArray(to, i * channels + c);
            }
        }
    }

    private static void byteValues(
            MemorySegment cache, long[] rows, long offset, int from, int end, int channels, float[] to) {
        for (int i = 0; i < TILE; i++) {
            long row = rows[i] + offset;
            for (int c = from; c < end; c += BYTES.length()) {
                ByteVector bytes = ByteVector.fromMemorySegment(BYTES, cache, row + c, ByteOrder.LITTLE_ENDIAN);
                int at = i * channels + c;
                ((FloatVector) bytes.convertShape(VectorOperators.B2F, FLOATS, 0)).intoArray(to, at);
                if (COUNT < BYTES.length()) {
                    ((FloatVector) bytes.convertShape(VectorOperators.B2F, FLOATS, 1)).intoArray(to, at + COUNT);
                }
            }
        }
    }
}
