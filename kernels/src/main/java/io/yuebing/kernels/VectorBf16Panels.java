package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Unpacks bfloat16 in vectors: a value is the high half of a float. */
final class VectorBf16Panels implements PanelKernel {
    @Override
    public void unpack(MemorySegment panels, long header, long words, int inputs, float[] to) {
        Arrays.fill(to, BLOCK_SCALES, BLOCK_BUFFER, 1);
        IntVector highHalf = IntVector.broadcast(INTS, 0xFFFF_0000);
        for (int row = 0; row < ROWS; row += COUNT) {
            long at = words + (long) row * Integer.BYTES;
            for (int k = 0; k < inputs; k += 2) {
                IntVector pair = IntVector.fromMemorySegment(INTS, panels, at, Lanes.ORDER);
                pair.lanewise(VectorOperators.LSHL, Short.SIZE)
                        .reinterpretAsFloats()
                        .intoArray(to, k * ROWS + row);
                pair.and(highHalf).reinterpretAsFloats().intoArray(to, (k + 1) * ROWS + row);
                at += ROW_BYTES;
            }
        }
    }
}
