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

/**
 * Unpacks 8-bit codes in vectors.
 *
 * <p>A code set in the low bits of 2<sup>23</sup> is a float; subtracting 2<sup>23</sup> + zero leaves code - zero, exactly.
 */
final class VectorBytePanels implements PanelKernel {
    @Override
    public void unpack(MemorySegment panels, long header, long words, int inputs, float[] to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            long column = (long) row * Integer.BYTES;
            FloatVector.fromMemorySegment(FLOATS, panels, header + column, Lanes.ORDER)
                    .intoArray(to, BLOCK_SCALES + row);
            FloatVector zero = FloatVector.fromMemorySegment(FLOATS, panels, header + ROW_BYTES + column, Lanes.ORDER);
            IntVector mask = IntVector.broadcast(INTS, 0xFF);
            IntVector bias = IntVector.broadcast(INTS, PanelShape.CODE_BIAS);
            long at = words + column;
            for (int i = row; i < inputs * ROWS; i += 4 * ROWS) {
                IntVector word = IntVector.fromMemorySegment(INTS, panels, at, Lanes.ORDER);
                word.and(mask).or(bias).reinterpretAsFloats().sub(zero).intoArray(to, i);
                word.lanewise(VectorOperators.LSHR, 8)
                        .and(mask)
                        .or(bias)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + ROWS);
                word.lanewise(VectorOperators.LSHR, 16)
                        .and(mask)
                        .or(bias)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + 2 * ROWS);
                word.lanewise(VectorOperators.LSHR, 24)
                        .or(bias)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + 3 * ROWS);
                at += ROW_BYTES;
            }
        }
    }
}
