package io.yuebing.model.weights;

import io.yuebing.kernels.CodeBands;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;

/** Codes of 4 or 8 bits that lie output by output, the first of a byte in its low bits. */
final class CodeRows implements CodeBands, AutoCloseable {
    private final TensorRows rows;
    private final int bits;
    private final byte[] meaning;
    private final int[] placeOf;
    private final byte[] stored;

    /**
     * Opens the file.
     *
     * @param tensor {@code [outputs][rowBytes]}; a row may be longer than its codes
     * @param meaning for each code of {@code bits} bits the one that the kernels get
     * @param placeOf for each input its place among those that the kernels get
     */
    CodeRows(TensorInfo tensor, int outputs, int bits, byte[] meaning, int[] placeOf) {
        this.rows = TensorRows.open(tensor, outputs);
        this.bits = bits;
        this.meaning = meaning;
        this.placeOf = placeOf;
        this.stored = new byte[Math.multiplyExact(Math.min(ROWS, outputs), rows.rowBytes())];
    }

    /** All bytes of a tensor. */
    static byte[] bytes(TensorInfo tensor) {
        try (Arena mapping = Arena.ofConfined()) {
            return Checkpoint.map(tensor, mapping).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Override
    public void read(int firstRow, int count, byte[] into) {
        rows.read(firstRow, count, stored);
        int rowBytes = rows.rowBytes();
        int perByte = Byte.SIZE / bits;
        int mask = (1 << bits) - 1;
        for (int input = 0; input < placeOf.length; input++) {
            int at = placeOf[input] * count;
            int column = input / perByte;
            int shift = input % perByte * bits;
            for (int row = 0; row < count; row++) {
                into[at + row] = meaning[stored[row * rowBytes + column] >>> shift & mask];
            }
        }
    }

    /** A table by which codes stay as they are, with {@code flipped} bits inverted. */
    static byte[] same(int bits, int flipped) {
        byte[] table = new byte[1 << bits];
        for (int code = 0; code < table.length; code++) {
            table[code] = (byte) (code ^ flipped);
        }
        return table;
    }

    @Override
    public void close() {
        rows.close();
    }
}
