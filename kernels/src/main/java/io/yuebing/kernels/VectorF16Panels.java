package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Unpacks half precision in vectors.
 *
 * <p>Exponent and mantissa moved to a float's place give the value times 2<sup>-112</sup>, subnormal or not, so one
 * multiplication makes it exact. Only the largest exponent, that of infinity and NaN, needs its bits filled up.
 */
final class VectorF16Panels implements PanelKernel {
    /** Mantissa bits that a float has more. */
    private static final int SHIFT = 13;

    /** Difference of the exponents' biases, 127 - 15. */
    private static final float REBIAS = 0x1p112f;

    /** What infinity becomes by rebiasing. */
    private static final float INFINITE = 0x1p16f;

    private static final int EXPONENT = 0x7F80_0000;

    @Override
    public void unpack(MemorySegment panels, long header, long words, int inputs, float[] to) {
        Arrays.fill(to, BLOCK_SCALES, BLOCK_BUFFER, 1);
        IntVector magnitude = IntVector.broadcast(INTS, 0x7FFF << SHIFT);
        IntVector sign = IntVector.broadcast(INTS, Integer.MIN_VALUE);
        FloatVector rebias = FloatVector.broadcast(FLOATS, REBIAS);
        FloatVector infinite = FloatVector.broadcast(FLOATS, INFINITE);
        IntVector exponent = IntVector.broadcast(INTS, EXPONENT);
        for (int row = 0; row < ROWS; row += COUNT) {
            long at = words + (long) row * Integer.BYTES;
            for (int k = 0; k < inputs; k += 2) {
                IntVector pair = IntVector.fromMemorySegment(INTS, panels, at, Lanes.ORDER);
                FloatVector low = pair.lanewise(VectorOperators.LSHL, SHIFT)
                        .and(magnitude)
                        .reinterpretAsFloats()
                        .mul(rebias);
                FloatVector high = pair.lanewise(VectorOperators.LSHR, Short.SIZE - SHIFT)
                        .and(magnitude)
                        .reinterpretAsFloats()
                        .mul(rebias);
                VectorMask<Integer> lowInfinite =
                        low.compare(VectorOperators.GE, infinite).cast(INTS);
                VectorMask<Integer> highInfinite =
                        high.compare(VectorOperators.GE, infinite).cast(INTS);
                low.reinterpretAsInts()
                        .lanewise(VectorOperators.OR, exponent, lowInfinite)
                        .or(pair.lanewise(VectorOperators.LSHL, Short.SIZE).and(sign))
                        .reinterpretAsFloats()
                        .intoArray(to, k * ROWS + row);
                high.reinterpretAsInts()
                        .lanewise(VectorOperators.OR, exponent, highInfinite)
                        .or(pair.and(sign))
                        .reinterpretAsFloats()
                        .intoArray(to, (k + 1) * ROWS + row);
                at += ROW_BYTES;
            }
        }
    }
}
