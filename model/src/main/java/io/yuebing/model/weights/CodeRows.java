package io.yuebing.model.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Codes of 4 or 8 bits that lie output by output, the first of a byte in its low bits. */
final class CodeRows {
    /** Outputs brought into the kernels' order at a time: each then writes whole cache lines. */
    private static final int STRIPE = 64;

    private CodeRows() {}

    /** All bytes of a tensor. */
    static byte[] bytes(TensorInfo tensor) {
        try (Arena mapping = Arena.ofConfined()) {
            return Checkpoint.map(tensor, mapping).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /**
     * Brings codes into the order of the kernels.
     *
     * @param tensor {@code [outputs][rowBytes]}; a row may be longer than its codes
     * @param meaning for each code of {@code bits} bits the one that is written
     * @return {@code [inputs][outputs]}
     */
    static byte[] transposed(TensorInfo tensor, int outputs, int inputs, int bits, byte[] meaning) {
        byte[] codes = new byte[Math.multiplyExact(inputs, outputs)];
        int rowBytes = Math.toIntExact(tensor.bytes() / outputs);
        int perByte = Byte.SIZE / bits;
        int mask = (1 << bits) - 1;
        byte[] rows = new byte[Math.multiplyExact(Math.min(STRIPE, outputs), rowBytes)];
        try (Arena mapping = Arena.ofConfined()) {
            MemorySegment data = Checkpoint.map(tensor, mapping);
            for (int first = 0; first < outputs; first += STRIPE) {
                int n = Math.min(STRIPE, outputs - first);
                MemorySegment.copy(data, ValueLayout.JAVA_BYTE, (long) first * rowBytes, rows, 0, n * rowBytes);
                for (int input = 0; input < inputs; input++) {
                    int at = input * outputs + first;
                    int column = input / perByte;
                    int shift = input % perByte * bits;
                    for (int row = 0; row < n; row++) {
                        codes[at + row] = meaning[rows[row * rowBytes + column] >>> shift & mask];
                    }
                }
            }
        }
        return codes;
    }

    /** A table by which codes stay as they are, with {@code flipped} bits inverted. */
    static byte[] same(int bits, int flipped) {
        byte[] table = new byte[1 << bits];
        for (int code = 0; code < table.length; code++) {
            table[code] = (byte) (code ^ flipped);
        }
        return table;
    }
}
