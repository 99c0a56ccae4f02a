package io.yuebing.kernels;

import static io.yuebing.kernels.Lanes.COUNT;
import static io.yuebing.kernels.Lanes.FLOATS;
import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/** Floats, which need no unpacking. */
final class VectorF32Panels extends VectorFloatPanels {
    VectorF32Panels() {
        super(false);
    }

    @Override
    void unpack(long words, int inputs, float[] zeros, float[] to) {
        MemorySegment.copy(NativeMemory.ALL, ValueLayout.JAVA_FLOAT, words, to, 0, inputs * ROWS);
    }

    @Override
    void multiplyToken(long words, int inputs, float[] zeros, float[] x, int xAt, float[] to, int toAt) {
        for (int row = 0; row < ROWS; row += 2 * COUNT) {
            multiplyRows(words + (long) row * Float.BYTES, inputs, x, xAt, to, toAt + row);
        }
    }

    private static void multiplyRows(long words, int inputs, float[] x, int xAt, float[] to, int toAt) {
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = a;
        for (int k = 0; k < inputs; k++) {
            long at = words + (long) k * ROW_BYTES;
            FloatVector t = FloatVector.broadcast(FLOATS, x[xAt + k]);
            a = t.fma(FloatVector.fromMemorySegment(FLOATS, NativeMemory.ALL, at, Lanes.ORDER), a);
            b = t.fma(FloatVector.fromMemorySegment(FLOATS, NativeMemory.ALL, at + Lanes.BYTES, Lanes.ORDER), b);
        }
        a.intoArray(to, toAt);
        b.intoArray(to, toAt + COUNT);
    }
}
