package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** One token times bfloat16 weights; the output layer of a small model is most of what decoding reads. */
final class VectorBf16Token implements SingleTokenKernel {
    @Override
    public void multiply(PanelShape shape, MemorySegment panels, long panel, TokenBatch batch, float[] sums) {
        int inputs = shape.paddedInputs();
        for (int row = 0; row < ROWS; row += 2 * COUNT) {
            long column = panel + (long) row * Integer.BYTES;
            for (int first = 0; first < inputs; first += shape.block()) {
                int n = Math.min(shape.block(), inputs - first);
                multiplyBlock(panels, column + (long) (first / 2) * ROW_BYTES, batch, first, n, sums, row);
            }
        }
    }

    private static void multiplyBlock(
            MemorySegment panels, long words, TokenBatch batch, int first, int inputs, float[] sums, int row) {
        float[] x = batch.values;
        int x0 = batch.row(0) + first;
        long at = words;
        IntVector highHalf = IntVector.broadcast(INTS, 0xFFFF_0000);
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = a;
        for (int k = 0; k < inputs; k += 2) {
            IntVector pairA = IntVector.fromMemorySegment(INTS, panels, at, Lanes.ORDER);
            IntVector pairB = IntVector.fromMemorySegment(INTS, panels, at + Lanes.BYTES, Lanes.ORDER);
            FloatVector even = FloatVector.broadcast(FLOATS, x[x0 + k]);
            FloatVector odd = FloatVector.broadcast(FLOATS, x[x0 + k + 1]);
            a = even.fma(pairA.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats(), a);
            b = even.fma(pairB.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats(), b);
            a = odd.fma(pairA.and(highHalf).reinterpretAsFloats(), a);
            b = odd.fma(pairB.and(highHalf).reinterpretAsFloats(), b);
            at += ROW_BYTES;
        }
        FloatVector.fromArray(FLOATS, sums, row).add(a).intoArray(sums, row);
        FloatVector.fromArray(FLOATS, sums, row + COUNT).add(b).intoArray(sums, row + COUNT);
    }
}
