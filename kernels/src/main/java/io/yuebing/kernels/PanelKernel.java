package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;

/** Reads the panels of one encoding. */
interface PanelKernel {
    /** Index of the rows' scales in an unpacked block. */
    int BLOCK_SCALES = PanelShape.MAX_BLOCK * PanelShape.ROWS;

    /** Length of an unpacked block: {@code [input][row]}, then the rows' scales. */
    int BLOCK_BUFFER = BLOCK_SCALES + PanelShape.ROWS;

    /**
     * Unpacks one block of a panel to floats: weights, or {@code code - zero} where the encoding has scales; scales are
     * 1 where it has none.
     *
     * @param panels the matrix
     * @param header byte offset of the scales and zero points of the block's group
     * @param words byte offset of the block's first word
     * @param inputs inputs of the block, whole words
     * @param to receives the block, {@value #BLOCK_BUFFER} floats
     */
    void unpack(MemorySegment panels, long header, long words, int inputs, float[] to);
}
