package io.yuebing.kernels;

/**
 * How the weights of a panel are held in 32-bit words; a word belongs to one output row and holds consecutive inputs,
 * the first in the lowest bits.
 */
enum PanelEncoding {
    F32(1, false),
    F16(2, false),
    BF16(2, false),
    NIBBLE(8, true),
    BYTE(4, true),
    E4M3(4, true);

    private final int inputsPerWord;
    private final boolean scaled;

    PanelEncoding(int inputsPerWord, boolean scaled) {
        this.inputsPerWord = inputsPerWord;
        this.scaled = scaled;
    }

    int inputsPerWord() {
        return inputsPerWord;
    }

    int bitsPerInput() {
        return Integer.SIZE / inputsPerWord;
    }

    /** Whether every group of inputs begins with a scale for each row. */
    boolean scaled() {
        return scaled;
    }

    /** The code of the weight 0 in a matrix without zero points of its own: 8 or 128. */
    int middle() {
        return 1 << (bitsPerInput() - 1);
    }
}
