package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.PanelShape.ROWS;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Reads scales and zero points of a group. */
final class VectorHeader {
    private VectorHeader() {}

    /**
     * Reads a group's header; scales of unscaled weights are 1.
     *
     * @param factor 1 or -1
     * @param bias zeros become {@code bias + factor * zero}
     */
    static void read(PanelShape shape, long header, float factor, float bias, BlockScratch to) {
        if (!shape.encoding().scaled()) {
            Arrays.fill(to.scales, 1);
            return;
        }
        if (shape.halfScales()) {
            widenHalves(header, to.scales);
        } else {
            for (int row = 0; row < ROWS; row += COUNT) {
                FloatVector.fromMemorySegment(FLOATS, NativeMemory.ALL, header + (long) row * Float.BYTES, Lanes.ORDER)
                        .intoArray(to.scales, row);
            }
        }
        if (shape.ownZeros()) {
            readZeros(header + shape.scaleBytes(), factor, bias, to.zeros);
        } else {
            Arrays.fill(to.zeros, bias + factor * shape.encoding().middle());
        }
    }

    /** Finite half-precision scales: see {@link VectorF16Panels}. */
    private static void widenHalves(long at, float[] to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            IntVector bits = shorts(at + (long) row * Short.BYTES);
            bits.and(0x7FFF)
                    .lanewise(VectorOperators.LSHL, VectorF16Panels.SHIFT)
                    .reinterpretAsFloats()
                    .mul(VectorF16Panels.REBIAS)
                    .reinterpretAsInts()
                    .or(bits.lanewise(VectorOperators.LSHL, Short.SIZE).and(Integer.MIN_VALUE))
                    .reinterpretAsFloats()
                    .intoArray(to, row);
        }
    }

    private static void readZeros(long at, float factor, float bias, float[] to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            ((FloatVector) shorts(at + (long) row * Short.BYTES).convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(factor)
                    .add(bias)
                    .intoArray(to, row);
        }
    }

    private static IntVector shorts(long at) {
        return (IntVector) ShortVector.fromMemorySegment(Lanes.HALF_SHORTS, NativeMemory.ALL, at, Lanes.ORDER)
                .convertShape(VectorOperators.S2I, INTS, 0);
    }
}
