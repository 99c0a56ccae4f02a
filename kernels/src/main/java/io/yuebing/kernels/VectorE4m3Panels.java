package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.Lanes.INTS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** 8-bit floats; {@link E4m3} shows how their bits become those of floats. */
final class VectorE4m3Panels extends VectorFloatPanels {
    VectorE4m3Panels() {
        super(false);
    }

    @Override
    void unpack(long words, int inputs, float[] zeros, float[] to) {
        for (int row = 0; row < ROWS; row += COUNT) {
            long at = words + (long) row * Integer.BYTES;
            for (int i = row; i < inputs * ROWS; i += 4 * ROWS) {
                IntVector word = IntVector.fromMemorySegment(INTS, NativeMemory.ALL, at, Lanes.ORDER);
                values(word.lanewise(VectorOperators.LSHL, 24)).intoArray(to, i);
                values(word.lanewise(VectorOperators.LSHL, 16)).intoArray(to, i + ROWS);
                values(word.lanewise(VectorOperators.LSHL, 8)).intoArray(to, i + 2 * ROWS);
                values(word).intoArray(to, i + 3 * ROWS);
                at += ROW_BYTES;
            }
        }
    }

    @Override
    void multiplyToken(long words, int inputs, float[] zeros, float[] x, int xAt, float[] to, int toAt) {
        for (int row = 0; row < ROWS; row += COUNT) {
            multiplyRows(words + (long) row * Integer.BYTES, inputs / 4, x, xAt, to, toAt + row);
        }
    }

    private static void multiplyRows(long words, int count, float[] x, int xAt, float[] to, int toAt) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i++) {
            IntVector word =
                    IntVector.fromMemorySegment(INTS, NativeMemory.ALL, words + (long) i * ROW_BYTES, Lanes.ORDER);
            int at = xAt + 4 * i;
            sum = FloatVector.broadcast(FLOATS, x[at]).fma(values(word.lanewise(VectorOperators.LSHL, 24)), sum);
            sum = FloatVector.broadcast(FLOATS, x[at + 1]).fma(values(word.lanewise(VectorOperators.LSHL, 16)), sum);
            sum = FloatVector.broadcast(FLOATS, x[at + 2]).fma(values(word.lanewise(VectorOperators.LSHL, 8)), sum);
            sum = FloatVector.broadcast(FLOATS, x[at + 3]).fma(values(word), sum);
        }
        sum.intoArray(to, toAt);
    }

    /** The values of the codes in the highest bits of each lane. */
    private static FloatVector values(IntVector codes) {
        // an arithmetic shift leaves the sign at its place, with copies below it that the mask removes
        return codes.lanewise(VectorOperators.ASHR, 24 - E4m3.SHIFT)
                .and(0x87F0_0000)
                .reinterpretAsFloats()
                .mul(E4m3.REBIAS);
    }
}
