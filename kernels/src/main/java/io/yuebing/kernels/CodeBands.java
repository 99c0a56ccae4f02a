package io.yuebing.kernels;

/** The codes of a quantised matrix, asked for a band of rows at a time so that no matrix lies unpacked in memory. */
@FunctionalInterface
public interface CodeBands {
    /** Most rows of a band, whole panels; where inputs are outermost, 4-bit codes of so many fill a cache line. */
    int ROWS = 128;

    /**
     * Writes the codes of neighbouring rows.
     *
     * @param rows 1 to {@value #ROWS}
     * @param into {@code [inputs][rows]}, unsigned
     */
    void read(int firstRow, int rows, byte[] into);

    /**
     * Codes that are in memory.
     *
     * @param codes {@code [inputs][outputs]}, unsigned
     */
    static CodeBands of(byte[] codes, int outputs) {
        return (firstRow, rows, into) -> {
            for (int input = 0; input < codes.length / outputs; input++) {
                System.arraycopy(codes, input * outputs + firstRow, into, input * rows, rows);
            }
        };
    }
}
