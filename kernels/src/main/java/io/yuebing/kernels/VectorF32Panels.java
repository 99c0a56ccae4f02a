package io.yuebing.kernels;

import static io.yuebing.kernels.PanelShape.ROWS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Copies floats, which need no unpacking. */
final class VectorF32Panels implements PanelKernel {
    @Override
    public void unpack(MemorySegment panels, long header, long words, int inputs, float[] to) {
        Arrays.fill(to, BLOCK_SCALES, BLOCK_BUFFER, 1);
        MemorySegment.copy(panels, ValueLayout.JAVA_FLOAT, words, to, 0, inputs * ROWS);
    }
}
