package io.yuebing.kernels;

/**
 * Where each weight of a matrix lies in memory: panels of {@value #ROWS} output rows, one after the other.
 *
 * <pre>
 * panel:  group 0 | group 1 | ...
 * group:  scale of rows 0..31      half or float   \ only if the encoding is scaled;
 *         zero  of rows 0..31      short           / zeros only if the matrix has its own
 *         word 0 of rows 0..31     int               inputs 0 .. inputsPerWord-1 of the group
 *         word 1 of rows 0..31     int
 *         ...
 * </pre>
 *
 * A vector lane is an output row, so the sum of an output element has one order, whatever the width of a vector and the
 * number of tokens. A group is cut into blocks of {@value #BLOCK} inputs, whose sums are added up in order; with 8-bit
 * activations a block is cut into runs of {@value #RUN} inputs, which share a scale of the activations.
 *
 * <p>Inputs that fill a group's last word have the code of nothing and multiply an activation of 0. Every part begins at
 * a cache line.
 *
 * @param halfScales whether scales are held in half precision, which is exact for most formats of model files
 * @param ownZeros whether there are zero points; if not, they are {@link PanelEncoding#middle}
 */
record PanelShape(
        PanelEncoding encoding, int outputs, int inputs, int groupSize, boolean halfScales, boolean ownZeros) {
    static final int ROWS = 32;

    /** Bytes of one word for each row. */
    static final int ROW_BYTES = ROWS * Integer.BYTES;

    /** Keeps an unpacked block, at most 16 KiB, in the nearest cache and the chains' rounding errors small. */
    static final int BLOCK = 128;

    /** Inputs that share an activation scale: small, because one outlier costs its whole run precision. */
    static final int RUN = 32;

    /** Runs of a whole block. */
    static final int RUNS = BLOCK / RUN;

    /** The shape of unscaled weights, which are one group. */
    static PanelShape unscaled(PanelEncoding encoding, int outputs, int inputs) {
        return new PanelShape(encoding, outputs, inputs, inputs, false, false);
    }

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

    /** Runs of a row of activations. */
    int runs() {
        int last = groups() - 1;
        return last * Math.ceilDiv(paddedGroupInputs(0), RUN) + Math.ceilDiv(paddedGroupInputs(last), RUN);
    }

    int scaleBytes() {
        return ROWS * (halfScales ? Short.BYTES : Float.BYTES);
    }

    /** Bytes of a group's scales and zero points. */
    int headerBytes() {
        if (!encoding.scaled()) {
            return 0;
        }
        return scaleBytes() + (ownZeros ? ROWS * Short.BYTES : 0);
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
