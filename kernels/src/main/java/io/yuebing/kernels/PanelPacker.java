package io.yuebing.kernels;

import static io.yuebing.kernels.PanelShape.ROWS;
import static io.yuebing.kernels.PanelShape.ROW_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Writes weights in the order of {@link PanelShape}. Rows beyond the last are zero. */
final class PanelPacker {
    private static final ValueLayout.OfInt SOURCE_INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SOURCE_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Inputs read from a row at a time: whole cache lines of the source, and a buffer that stays in the cache. */
    private static final int STRETCH = 128;

    private PanelPacker() {}

    /** Packs floats, or pairs of 16-bit floats; these encodings have one group. */
    static void pack(PanelShape shape, MemorySegment rowMajor, MemorySegment to) {
        int perWord = shape.encoding().inputsPerWord();
        int[] words = new int[STRETCH / perWord * ROWS];
        for (int panel = 0; panel < shape.panels(); panel++) {
            int rows = Math.min(ROWS, shape.outputs() - panel * ROWS);
            for (int first = 0; first < shape.inputs(); first += STRETCH) {
                int inputs = Math.min(STRETCH, shape.inputs() - first);
                Arrays.fill(words, 0);
                for (int row = 0; row < rows; row++) {
                    long source = (long) (panel * ROWS + row) * shape.inputs() + first;
                    readRow(rowMajor, source, inputs, perWord, words, row);
                }
                long at = panel * shape.panelBytes() + (long) (first / perWord) * ROW_BYTES;
                copy(words, Math.ceilDiv(inputs, perWord) * ROWS, to, at);
            }
        }
    }

    private static void readRow(MemorySegment from, long element, int inputs, int perWord, int[] words, int row) {
        for (int i = 0; i < inputs; i++) {
            if (perWord == 1) {
                words[i * ROWS + row] = from.get(SOURCE_INT, (element + i) * Integer.BYTES);
            } else {
                int value = from.get(SOURCE_SHORT, (element + i) * Short.BYTES) & 0xFFFF;
                words[i / 2 * ROWS + row] |= value << (i % 2 * Short.SIZE);
            }
        }
    }

    /** Packs codes with their scales and zero points. */
    static void pack(PanelShape shape, QuantizedWeights w, MemorySegment to) {
        int[] header = new int[2 * ROWS];
        int[] words = new int[shape.words(0) * ROWS];
        for (int panel = 0; panel < shape.panels(); panel++) {
            int firstRow = panel * ROWS;
            int rows = Math.min(ROWS, shape.outputs() - firstRow);
            long at = panel * shape.panelBytes();
            for (int group = 0; group < shape.groups(); group++) {
                int parameters = group * shape.outputs() + firstRow;
                Arrays.fill(header, 0, ROWS, 0);
                Arrays.fill(header, ROWS, 2 * ROWS, PanelShape.CODE_BIAS);
                for (int row = 0; row < rows; row++) {
                    header[row] = Float.floatToRawIntBits(w.scales()[parameters + row]);
                    header[ROWS + row] |= w.zeros()[parameters + row] & 0xFF;
                }
                copy(header, header.length, to, at);
                packCodes(shape, w, group, firstRow, rows, words);
                copy(words, shape.words(group) * ROWS, to, at + shape.headerBytes());
                at += shape.groupBytes(group);
            }
        }
    }

    private static void packCodes(PanelShape shape, QuantizedWeights w, int group, int firstRow, int rows, int[] to) {
        Arrays.fill(to, 0);
        int perWord = shape.encoding().inputsPerWord();
        int bits = shape.encoding().bitsPerInput();
        int mask = (1 << w.bits()) - 1;
        int firstInput = group * shape.groupSize();
        for (int i = 0; i < shape.groupInputs(group); i++) {
            long source = (long) (firstInput + i) * shape.outputs() + firstRow;
            int word = i / perWord * ROWS;
            int shift = i % perWord * bits;
            for (int row = 0; row < rows; row++) {
                to[word + row] |= (w.codes()[(int) source + row] & mask) << shift;
            }
        }
    }

    private static void copy(int[] words, int count, MemorySegment to, long at) {
        MemorySegment.copy(words, 0, to, ValueLayout.JAVA_INT, at, count);
    }
}
