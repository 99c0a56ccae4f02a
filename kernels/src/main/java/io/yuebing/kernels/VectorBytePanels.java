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
 * 8-bit codes.
 *
 * <p>A code set in the low bits of 2<sup>23</sup> is a float; subtracting 2<sup>23</sup> + zero leaves code - zero,
 * exactly. Chains of such integers times 8-bit activations are exact too.
 */
final class VectorBytePanels extends VectorFloatPanels {
    VectorBytePanels(ComputeMode mode) {
        super(mode == ComputeMode.INT8);
    }

    @Override
    void unpack(long words, int inputs, float[] zeros, float[] to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            FloatVector zero = FloatVector.fromArray(FLOATS, zeros, row);
            long at = words + (long) row * Integer.BYTES;
            for (int i = row; i < inputs * ROWS; i += 4 * ROWS) {
                IntVector word = IntVector.fromMemorySegment(INTS, NativeMemory.ALL, at, Lanes.ORDER);
                word.and(0xFF).or(CODE_BITS).reinterpretAsFloats().sub(zero).intoArray(to, i);
                word.lanewise(VectorOperators.LSHR, 8)
                        .and(0xFF)
                        .or(CODE_BITS)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + ROWS);
                word.lanewise(VectorOperators.LSHR, 16)
                        .and(0xFF)
                        .or(CODE_BITS)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + 2 * ROWS);
                word.lanewise(VectorOperators.LSHR, 24)
                        .or(CODE_BITS)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + 3 * ROWS);
                at += ROW_BYTES;
            }
        }
    }

    @Override
    void multiplyToken(long words, int inputs, float[] zeros, float[] x, int xAt, float[] to, int toAt) {
        for (int row = 0; row < ROWS; row += COUNT) {
            multiplyRows(words + (long) row * Integer.BYTES, inputs / 4, zeros, row, x, xAt, to, toAt + row);
        }
    }

    private static void multiplyRows(
            long words, int count, float[] zeros, int row, float[] x, int xAt, float[] to, int toAt) {
        FloatVector zero = FloatVector.fromArray(FLOATS, zeros, row);
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i++) {
            IntVector word =
                    IntVector.fromMemorySegment(INTS, NativeMemory.ALL, words + (long) i * ROW_BYTES, Lanes.ORDER);
            FloatVector code = word.and(0xFF).or(CODE_BITS).reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 4 * i]).fma(code.sub(zero), sum);
            code = word.lanewise(VectorOperators.LSHR, 8)
                    .and(0xFF)
                    .or(CODE_BITS)
                    .reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 4 * i + 1]).fma(code.sub(zero), sum);
            code = word.lanewise(VectorOperators.LSHR, 16)
                    .and(0xFF)
                    .or(CODE_BITS)
                    .reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 4 * i + 2]).fma(code.sub(zero), sum);
            code = word.lanewise(VectorOperators.LSHR, 24).or(CODE_BITS).reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 4 * i + 3]).fma(code.sub(zero), sum);
        }
        sum.intoArray(to, toAt);
    }
}
