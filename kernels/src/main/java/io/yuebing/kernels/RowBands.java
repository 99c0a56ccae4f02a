package io.yuebing.kernels;

import java.lang.foreign.MemorySegment;

/** The rows of a float matrix, asked for a few at a time so that the matrix need not be in memory twice. */
@FunctionalInterface
public interface RowBands {
    /** Rows that are asked for at a time at most. */
    int ROWS = PanelShape.ROWS;

    /**
     * Neighbouring rows, little-endian elements.
     *
     * @param rows 1 to {@link #ROWS}
     * @return {@code [rows][inputs]}, unchanged until the next call
     */
    MemorySegment read(int firstRow, int rows);

    /**
     * Rows that are in memory.
     *
     * @param rowMajor {@code [outputs][inputs]}
     */
    static RowBands of(MemorySegment rowMajor, int outputs) {
        long rowBytes = rowMajor.byteSize() / outputs;
        return (firstRow, rows) -> rowMajor.asSlice(firstRow * rowBytes, rows * rowBytes);
    }
}
