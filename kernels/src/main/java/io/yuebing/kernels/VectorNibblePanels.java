package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** 4-bit codes times floats; codes become floats as in {@link VectorBytePanels}. */
final class VectorNibblePanels extends VectorFloatPanels {
    VectorNibblePanels() {
        super(false);
    }

    @Override
    void unpack(long words, int inputs, float[] zeros, float[] to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            FloatVector zero = FloatVector.fromArray(FLOATS, zeros, row);
            long at = words + (long) row * Integer.BYTES;
            for (int i = row; i < inputs * ROWS; i += 8 * ROWS) {
                IntVector word = IntVector.fromMemorySegment(INTS, NativeMemory.ALL, at, Lanes.ORDER);
                word.and(0xF).or(CODE_BITS).reinterpretAsFloats().sub(zero).intoArray(to, i);
                word.lanewise(VectorOperators.LSHR, 4)
                        .and(0xF)
                        .or(CODE_BITS)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + ROWS);
                word.lanewise(VectorOperators.LSHR, 8)
                        .and(0xF)
                        .or(CODE_BITS)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + 2 * ROWS);
                word.lanewise(VectorOperators.LSHR, 12)
                        .and(0xF)
                        .or(CODE_BITS)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + 3 * ROWS);
                word.lanewise(VectorOperators.LSHR, 16)
                        .and(0xF)
                        .or(CODE_BITS)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + 4 * ROWS);
                word.lanewise(VectorOperators.LSHR, 20)
                        .and(0xF)
                        .or(CODE_BITS)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + 5 * ROWS);
                word.lanewise(VectorOperators.LSHR, 24)
                        .and(0xF)
                        .or(CODE_BITS)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + 6 * ROWS);
                word.lanewise(VectorOperators.LSHR, 28)
                        .or(CODE_BITS)
                        .reinterpretAsFloats()
                        .sub(zero)
                        .intoArray(to, i + 7 * ROWS);
                at += ROW_BYTES;
            }
        }
    }

    @Override
    void multiplyToken(long words, int inputs, float[] zeros, float[] x, int xAt, float[] to, int toAt) {
        for (int row = 0; row < ROWS; row += COUNT) {
            multiplyRows(words + (long) row * Integer.BYTES, inputs / 8, zeros, row, x, xAt, to, toAt + row);
        }
    }

    private static void multiplyRows(
            long words, int count, float[] zeros, int row, float[] x, int xAt, float[] to, int toAt) {
        FloatVector zero = FloatVector.fromArray(FLOATS, zeros, row);
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i++) {
            IntVector word =
                    IntVector.fromMemorySegment(INTS, NativeMemory.ALL, words + (long) i * ROW_BYTES, Lanes.ORDER);
            FloatVector code = word.and(0xF).or(CODE_BITS).reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 8 * i]).fma(code.sub(zero), sum);
            code = word.lanewise(VectorOperators.LSHR, 4).and(0xF).or(CODE_BITS).reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 8 * i + 1]).fma(code.sub(zero), sum);
            code = word.lanewise(VectorOperators.LSHR, 8).and(0xF).or(CODE_BITS).reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 8 * i + 2]).fma(code.sub(zero), sum);
            code = word.lanewise(VectorOperators.LSHR, 12)
                    .and(0xF)
                    .or(CODE_BITS)
                    .reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 8 * i + 3]).fma(code.sub(zero), sum);
            code = word.lanewise(VectorOperators.LSHR, 16)
                    .and(0xF)
                    .or(CODE_BITS)
                    .reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 8 * i + 4]).fma(code.sub(zero), sum);
            code = word.lanewise(VectorOperators.LSHR, 20)
                    .and(0xF)
                    .or(CODE_BITS)
                    .reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 8 * i + 5]).fma(code.sub(zero), sum);
            code = word.lanewise(VectorOperators.LSHR, 24)
                    .and(0xF)
                    .or(CODE_BITS)
                    .reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 8 * i + 6]).fma(code.sub(zero), sum);
            code = word.lanewise(VectorOperators.LSHR, 28).or(CODE_BITS).reinterpretAsFloats();
            sum = FloatVector.broadcast(FLOATS, x[xAt + 8 * i + 7]).fma(code.sub(zero), sum);
        }
        sum.intoArray(to, toAt);
    }
}
