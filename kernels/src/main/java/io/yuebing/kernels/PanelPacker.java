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
    static void pack(PanelShape shape, RowBands source, MemorySegment to) {
        int perWord = shape.encoding().inputsPerWord();
        long rowBytes = (long) shape.inputs() * shape.encoding().bitsPerInput() / Byte.SIZE;
        int[] words = new int[STRETCH / perWord * ROWS];
        short[] halves = new short[STRETCH];
        for (int panel = 0; panel < shape.panels(); panel++) {
            int rows = Math.min(ROWS, shape.outputs() - panel * ROWS);
            MemorySegment band = source.read(panel * ROWS, rows);
            if (band.byteSize() != rows * rowBytes) {
                throw new IllegalArgumentException(rows + " rows of " + shape.inputs() + " x " + shape.encoding()
                        + " have " + band.byteSize() + " bytes instead of " + rows * rowBytes);
            }
            for (int first = 0; first < shape.inputs(); first += STRETCH) {
                int inputs = Math.min(STRETCH, shape.inputs() - first);
                Arrays.fill(words, 0);
                for (int row = 0; row < rows; row++) {
                    long element = (long) row * shape.inputs() + first;
                    readRow(band, element, inputs, perWord, words, row, halves);
                }
                long at = panel * shape.panelBytes() + (long) (first / perWord) * ROW_BYTES;
                copy(words, Math.ceilDiv(inputs, perWord) * ROWS, to, at);
            }
        }
    }

    private static void readRow(
            MemorySegment from, long element, int inputs, int perWord, int[] words, int row, short[] halves) {
        if (perWord == 1) {
            for (int i = 0; i < inputs; i++) {
                words[i * ROWS + row] = from.get(SOURCE_INT, (element + i) * Integer.BYTES);
            }
            return;
        }
        MemorySegment.copy(from, SOURCE_SHORT, element * Short.BYTES, halves, 0, inputs);
        for (int i = 0; i + 1 < inputs; i += 2) {
            words[i / 2 * ROWS + row] = halves[i] & 0xFFFF | halves[i + 1] << Short.SIZE;
        }
        if (inputs % 2 == 1) {
            words[inputs / 2 * ROWS + row] = halves[inputs - 1] & 0xFFFF;
        }
    }

    /** The form in which a matrix takes the least memory without losing a bit. */
    static PanelShape shape(QuantizedWeights w) {
        PanelEncoding encoding = w.bits() <= 4 ? PanelEncoding.NIBBLE : PanelEncoding.BYTE;
        boolean ownZeros = w.bits() == encoding.bitsPerInput() && !zerosAre(w.zeros(), encoding.middle());
        return new PanelShape(encoding, w.outputs(), w.inputs(), w.groupSize(), fitHalfPrecision(w.scales()), ownZeros);
    }

    /** The form of 8-bit floats, which are packed like codes without zero points of their own. */
    static PanelShape e4m3Shape(QuantizedWeights w) {
        return new PanelShape(
                PanelEncoding.E4M3, w.outputs(), w.inputs(), w.groupSize(), fitHalfPrecision(w.scales()), false);
    }

    private static boolean zerosAre(byte[] zeros, int middle) {
        for (byte zero : zeros) {
            if ((zero & 0xFF) != middle) {
                return false;
            }
        }
        return true;
    }

    private static boolean fitHalfPrecision(float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value) || Float.float16ToFloat(Float.floatToFloat16(value)) != value) {
                return false;
            }
        }
        return true;
    }

    /** Packs codes with their scales and zero points. */
    static void pack(PanelShape shape, QuantizedWeights w, MemorySegment to) {
        int[] words = new int[shape.words(0) * ROWS];
        int[] shift = new int[ROWS];
        byte[] codes = new byte[Math.multiplyExact(Math.min(CodeBands.ROWS, shape.outputs()), shape.inputs())];
        for (int firstRow = 0; firstRow < shape.outputs(); firstRow += CodeBands.ROWS) {
            int bandRows = Math.min(CodeBands.ROWS, shape.outputs() - firstRow);
            w.codes().read(firstRow, bandRows, codes);
            for (int group = 0; group < shape.groups(); group++) { // outer: keeps the codes read in the cache
                for (int row = 0; row < bandRows; row += ROWS) {
                    int rows = Math.min(ROWS, bandRows - row);
                    int panel = (firstRow + row) / ROWS;
                    long at = panel * shape.panelBytes() + group * shape.groupBytes(0);
                    packHeader(shape, w.scales(), w.zeros(), group, firstRow + row, rows, to, at);
                    shifts(shape, w, group * shape.outputs() + firstRow + row, rows, shift);
                    packCodes(shape, w.bits(), codes, row, bandRows, group, rows, shift, words);
                    copy(words, shape.words(group) * ROWS, to, at + shape.headerBytes());
                }
            }
        }
    }

    /**
     * For each row what is added to its codes: moves narrow codes to the middle of the encoding's range, so that they
     * need no zero points.
     */
    private static void shifts(PanelShape shape, QuantizedWeights w, int parameters, int rows, int[] shift) {
        for (int row = 0; row < rows && !shape.ownZeros(); row++) {
            int zero = w.zeros().length == 0 ? 1 << w.bits() - 1 : w.zeros()[parameters + row] & 0xFF;
            shift[row] = shape.encoding().middle() - zero;
        }
    }

    /**
     * Packs 4-bit codes that lie in words of eight inputs already, as panels hold them: whole stretches are copied.
     *
     * @param words {@code [inputs / 8][outputs]}, little-endian; groups are whole words
     * @param scales {@code [groups][outputs]}
     * @param zeros {@code [groups][outputs]}
     */
    static void packWords(PanelShape shape, MemorySegment words, float[] scales, byte[] zeros, MemorySegment to) {
        int outputs = shape.outputs();
        int[] last = new int[ROWS];
        for (int group = 0; group < shape.groups(); group++) { // outermost: keeps the words read within few pages
            long firstWord = (long) group * shape.words(0);
            for (int panel = 0; panel < shape.panels(); panel++) {
                int firstRow = panel * ROWS;
                int rows = Math.min(ROWS, outputs - firstRow);
                long at = panel * shape.panelBytes() + group * shape.groupBytes(0);
                packHeader(shape, scales, zeros, group, firstRow, rows, to, at);
                at += shape.headerBytes();
                for (int word = 0; word < shape.words(group); word++, at += ROW_BYTES) {
                    long from = ((firstWord + word) * outputs + firstRow) * Integer.BYTES;
                    if (rows == ROWS) {
                        MemorySegment.copy(words, SOURCE_INT, from, to, ValueLayout.JAVA_INT, at, ROWS);
                    } else {
                        MemorySegment.copy(words, SOURCE_INT, from, last, 0, rows);
                        copy(last, ROWS, to, at);
                    }
                }
            }
        }
    }

    /** The form of 4-bit codes that lie in words already. */
    static PanelShape wordsShape(int outputs, int inputs, int groupSize, float[] scales, byte[] zeros) {
        boolean ownZeros = !zerosAre(zeros, PanelEncoding.NIBBLE.middle());
        return new PanelShape(PanelEncoding.NIBBLE, outputs, inputs, groupSize, fitHalfPrecision(scales), ownZeros);
    }

    private static void packHeader(
            PanelShape shape,
            float[] scales,
            byte[] zeros,
            int group,
            int firstRow,
            int rows,
            MemorySegment to,
            long at) {
        int parameters = group * shape.outputs() + firstRow;
        for (int row = 0; row < ROWS; row++) {
            float scale = row < rows ? scales[parameters + row] : 0;
            if (shape.halfScales()) {
                to.set(ValueLayout.JAVA_SHORT, at + row * Short.BYTES, Float.floatToFloat16(scale));
            } else {
                to.set(ValueLayout.JAVA_FLOAT, at + row * Float.BYTES, scale);
            }
            if (shape.ownZeros()) {
                int zero = row < rows ? zeros[parameters + row] & 0xFF : 0;
                to.set(ValueLayout.JAVA_SHORT, at + shape.scaleBytes() + row * Short.BYTES, (short) zero);
            }
        }
    }

    /**
     * Packs the codes of a group.
     *
     * @param codes {@code [inputs][bandRows]}
     * @param firstRow of the panel in the band
     * @param shift for each row what is added to its codes
     */
    private static void packCodes(
            PanelShape shape,
            int codeBits,
            byte[] codes,
            int firstRow,
            int bandRows,
            int group,
            int rows,
            int[] shift,
            int[] to) {
        Arrays.fill(to, 0);
        int perWord = shape.encoding().inputsPerWord();
        int bits = shape.encoding().bitsPerInput();
        int mask = (1 << codeBits) - 1;
        int firstInput = group * shape.groupSize();
        for (int i = 0; i < shape.groupInputs(group); i++) {
            int source = (firstInput + i) * bandRows + firstRow;
            int word = i / perWord * ROWS;
            int position = i % perWord * bits;
            for (int row = 0; row < rows; row++) {
                to[word + row] |= (codes[source + row] & mask) + shift[row] << position;
            }
        }
    }

    private static void copy(int[] words, int count, MemorySegment to, long at) {
        MemorySegment.copy(words, 0, to, ValueLayout.JAVA_INT, at, count);
    }
}
