package io.yuebing.kernels;

import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Plain unpacking of every encoding. */
final class ScalarPanels implements PanelKernel {
    private final PanelEncoding encoding;

    ScalarPanels(PanelEncoding encoding) {
        this.encoding = encoding;
    }

    @Override
    public void unpack(MemorySegment panels, long header, long words, int inputs, float[] to) {
        int perWord = encoding.inputsPerWord();
        for (int row = 0; row < ROWS; row++) {
            long at = header + (long) row * Integer.BYTES;
            to[BLOCK_SCALES + row] = encoding.scaled() ? panels.get(ValueLayout.JAVA_FLOAT, at) : 1;
            int zero = encoding.scaled() ? panels.get(ValueLayout.JAVA_INT, at + ROW_BYTES) - PanelShape.CODE_BIAS : 0;
            for (int k = 0; k < inputs; k++) {
                long word = words + (long) (k / perWord) * ROW_BYTES + (long) row * Integer.BYTES;
                to[k * ROWS + row] = decode(panels.get(ValueLayout.JAVA_INT, word), k % perWord, zero);
            }
        }
    }

    private float decode(int word, int position, int zero) {
        int bits = word >>> (position * encoding.bitsPerInput());
        return switch (encoding) {
            case F32 -> Float.intBitsToFloat(bits);
            case F16 -> Float.float16ToFloat((short) bits);
            case BF16 -> Float.intBitsToFloat(bits << Short.SIZE);
            case NIBBLE -> (bits & 0xF) - zero;
            case BYTE -> (bits & 0xFF) - zero;
        };
    }
}
