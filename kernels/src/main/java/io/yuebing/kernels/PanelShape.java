package io.yuebing.kernels;

/**
 * Where each weight of a matrix lies in memory: panels of {@value #ROWS} output rows, one after the other.
 *
 * <pre>
 * panel:  group 0 | group 1 | ...
 * group:  scale of rows 0..31      float   \ only if the encoding is scaled
 *         zero  of rows 0..31      int     /
 *         word 0 of rows 0..31     int       inputs 0 .. inputsPerWord-1 of the group
 *         word 1 of rows 0..31     int
 *         ...
 * </pre>
 *
 * A vector lane is an output row, so an output element is one chain of fused multiply-adds over its inputs in ascending
 * order, whatever the width of a vector and the number of tokens. Chains are cut into blocks, whose sums are added up
 * in order; a block does not cross groups.
 *
 * <p>A zero point is held as the bits of the float 2<sup>23</sup> + zero, ready for the conversion of codes to floats
 * in {@link #CODE_BIAS}. Inputs that fill a group's last word have the code of nothing and multiply an activation of 0.
 */
record PanelShape(PanelEncoding encoding, int outputs, int inputs, int groupSize, int block) {
    static final int ROWS = 32;

    /** Bytes of one value for each row. */
    static final int ROW_BYTES = ROWS * 4;

    /** Keeps the unpacked block, 16 KiB, in the nearest cache and the chains' rounding errors small. */
    static final int MAX_BLOCK = 128;

    /** Inputs that share an activation scale: small, because one outlier costs its whole block precision. */
    static final int INT8_BLOCK = 32;

    /** The bits of 2<sup>23</sup>: set in the low bits of this, an integer code n below 2<sup>23</sup> is 2^23 + n. */
    static final int CODE_BIAS = 0x4B00_0000;

    int panels() {
        return Math.ceilDiv(outputs, ROWS);
    }

    int groups() {
        return Math.ceilDiv(inputs, groupSize);
    }

    int words(int group) {
        return Math.ceilDiv(groupInputs(group), encoding.inputsPerWord());
    }

    int groupInputs(int group) {
        return Math.min(groupSize, inputs - group * groupSize);
    }

    /** Inputs of a group with those that fill its last word. */
    int paddedGroupInputs(int group) {
        return words(group) * encoding.inputsPerWord();
    }

    int paddedInputs() {
        int last = groups() - 1;
        return last * paddedGroupInputs(0) + paddedGroupInputs(last);
    }

    int blocks() {
        int last = groups() - 1;
        return last * Math.ceilDiv(paddedGroupInputs(0), block) + Math.ceilDiv(paddedGroupInputs(last), block);
    }

    /** Bytes of a group's scales and zero points. */
    int headerBytes() {
        return encoding.scaled() ? 2 * ROW_BYTES : 0;
    }

    long groupBytes(int group) {
        return headerBytes() + (long) words(group) * ROW_BYTES;
    }

    long panelBytes() {
        int last = groups() - 1;
        return last * groupBytes(0) + groupBytes(last);
    }

    long bytes() {
        return panels() * panelBytes();
    }
}
