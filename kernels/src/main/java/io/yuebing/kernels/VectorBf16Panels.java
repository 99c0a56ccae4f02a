package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** bfloat16, the upper half of a float. */
final class VectorBf16Panels extends VectorFloatPanels {
    private static final int HIGH_HALF = 0xFFFF_0000;

    VectorBf16Panels() {
        super(false);
    }

    @Override
    void unpack(long words, int inputs, float[] zeros, float[] to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            long at = words + (long) row * Integer.BYTES;
            for (int k = 0; k < inputs; k += 2) {
                IntVector pair = IntVector.fromMemorySegment(INTS, NativeMemory.ALL, at, Lanes.ORDER);
                pair.lanewise(VectorOperators.LSHL, Short.SIZE)
                        .reinterpretAsFloats()
                        .intoArray(to, k * ROWS + row);
                pair.and(HIGH_HALF).reinterpretAsFloats().intoArray(to, (k + 1) * ROWS + row);
                at += ROW_BYTES;
            }
        }
    }

    @Override
    void multiplyToken(long words, int inputs, float[] zeros, float[] x, int xAt, float[] to, int toAt) {
        for (int row = 0; row < ROWS; row += 2 * COUNT) {
            multiplyRows(words + (long) row * Integer.BYTES, inputs / 2, x, xAt, to, toAt + row);
        }
    }

    private static void multiplyRows(long words, int pairs, float[] x, int xAt, float[] to, int toAt) {
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = a;
        for (int k = 0; k < pairs; k++) {
            long at = words + (long) k * ROW_BYTES;
            IntVector pairA = IntVector.fromMemorySegment(INTS, NativeMemory.ALL, at, Lanes.ORDER);
            IntVector pairB = IntVector.fromMemorySegment(INTS, NativeMemory.ALL, at + Lanes.BYTES, Lanes.ORDER);
            FloatVector even = FloatVector.broadcast(FLOATS, x[xAt + 2 * k]);
            a = even.fma(pairA.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats(), a);
            b = even.fma(pairB.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats(), b);
            FloatVector odd = FloatVector.broadcast(FLOATS, x[xAt + 2 * k + 1]);
            a = odd.fma(pairA.and(HIGH_HALF).reinterpretAsFloats(), a);
            b = odd.fma(pairB.and(HIGH_HALF).reinterpretAsFloats(), b);
        }
        a.intoArray(to, toAt);
        b.intoArray(to, toAt + COUNT);
    }
}
