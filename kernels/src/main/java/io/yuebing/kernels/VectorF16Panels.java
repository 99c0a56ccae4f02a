package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Half precision.
 *
 * <p>Exponent and mantissa moved to a float's place give the value times 2<sup>-112</sup>, subnormal or not, so one
 * multiplication makes it exact. Only the largest exponent, that of infinity and NaN, needs its bits filled up.
 */
final class VectorF16Panels extends VectorFloatPanels {
    /** Mantissa bits that a float has more. */
    static final int SHIFT = 13;

    /** Difference of the exponents' biases, 127 - 15. */
    static final float REBIAS = 0x1p112f;

    /** What infinity becomes by rebiasing. */
    private static final float INFINITE = 0x1p16f;

    private static final int MAGNITUDE = 0x7FFF << SHIFT;
    private static final int EXPONENT = 0x7F80_0000;

    VectorF16Panels() {
        super(false);
    }

    @Override
    void unpack(long words, int inputs, float[] zeros, float[] to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            long at = words + (long) row * Integer.BYTES;
            for (int k = 0; k < inputs; k += 2) {
                IntVector pair = IntVector.fromMemorySegment(INTS, NativeMemory.ALL, at, Lanes.ORDER);
                FloatVector low = pair.lanewise(VectorOperators.LSHL, SHIFT)
                        .and(MAGNITUDE)
                        .reinterpretAsFloats()
                        .mul(REBIAS);
                FloatVector high = pair.lanewise(VectorOperators.LSHR, Short.SIZE - SHIFT)
                        .and(MAGNITUDE)
                        .reinterpretAsFloats()
                        .mul(REBIAS);
                low.reinterpretAsInts()
                        .lanewise(
                                VectorOperators.OR,
                                EXPONENT,
                                low.compare(VectorOperators.GE, INFINITE).cast(INTS))
                        .or(pair.lanewise(VectorOperators.LSHL, Short.SIZE).and(Integer.MIN_VALUE))
                        .reinterpretAsFloats()
                        .intoArray(to, k * ROWS + row);
                high.reinterpretAsInts()
                        .lanewise(
                                VectorOperators.OR,
                                EXPONENT,
                                high.compare(VectorOperators.GE, INFINITE).cast(INTS))
                        .or(pair.and(Integer.MIN_VALUE))
                        .reinterpretAsFloats()
                        .intoArray(to, (k + 1) * ROWS + row);
                at += ROW_BYTES;
            }
        }
    }

    @Override
    void multiplyToken(long words, int inputs, float[] zeros, float[] x, int xAt, float[] to, int toAt) {
        for (int row = 0; row < ROWS; row += COUNT) {
            multiplyRows(words + (long) row * Integer.BYTES, inputs / 2, x, xAt, to, toAt + row);
        }
    }

    private static void multiplyRows(long words, int pairs, float[] x, int xAt, float[] to, int toAt) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int k = 0; k < pairs; k++) {
            IntVector pair =
                    IntVector.fromMemorySegment(INTS, NativeMemory.ALL, words + (long) k * ROW_BYTES, Lanes.ORDER);
            FloatVector low = pair.lanewise(VectorOperators.LSHL, SHIFT)
                    .and(MAGNITUDE)
                    .reinterpretAsFloats()
                    .mul(REBIAS);
            FloatVector high = pair.lanewise(VectorOperators.LSHR, Short.SIZE - SHIFT)
                    .and(MAGNITUDE)
                    .reinterpretAsFloats()
                    .mul(REBIAS);
            FloatVector even = low.reinterpretAsInts()
                    .lanewise(
                            VectorOperators.OR,
                            EXPONENT,
                            low.compare(VectorOperators.GE, INFINITE).cast(INTS))
                    .or(pair.lanewise(VectorOperators.LSHL, Short.SIZE).and(Integer.MIN_VALUE))
                    .reinterpretAsFloats();
            FloatVector odd = high.reinterpretAsInts()
                    .lanewise(
                            VectorOperators.OR,
                            EXPONENT,
                            high.compare(VectorOperators.GE, INFINITE).cast(INTS))
                    .or(pair.and(Integer.MIN_VALUE))
                    .reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 2 * k]).fma(even, sum);
            sum = FloatVector.broadcast(FLOATS, x[xAt + 2 * k + 1]).fma(odd, sum);
        }
        sum.intoArray(to, toAt);
    }
}
