package io.yuebing.model;

import java.util.List;

/**
 * The rows of one step: for each row the token and its place in a sequence.
 *
 * @param tokens token id of each row
 * @param spans the rows of each sequence; they cover all rows, in order, without gaps
 * @param logitRows rows whose logits are wanted, ascending
 */
@SuppressWarnings("ArrayRecordComponent") // plans are never compared
public record ForwardBatch(int[] tokens, List<Span> spans, int[] logitRows) {

    /** Consecutive rows of one sequence; an engine sets the same spans anew for each step. */
    public static final class Span {
        private int firstRow;
        private int rows;
        private int firstPosition;
        private int[][] blockTables;

        /** A span; {@link #set} says of what. */
        public Span(int firstRow, int rows, int firstPosition, int[]... blockTables) {
            this.firstRow = firstRow;
            this.rows = rows;
            this.firstPosition = firstPosition;
            this.blockTables = blockTables;
        }

        /**
         * Makes this the rows of a sequence.
         *
         * @param firstRow index of the first row
         * @param rows number of rows, at least 1
         * @param firstPosition position of the first row's token in its sequence; all earlier positions are in the cache
         * @param blockTables cache blocks of the sequence in each group of layers; position p lies in
         *     {@code blockTables[group][p / blockSize]}
         */
        public void set(int firstRow, int rows, int firstPosition, int[][] blockTables) {
            this.firstRow = firstRow;
            this.rows = rows;
            this.firstPosition = firstPosition;
            this.blockTables = blockTables;
        }

        public int firstRow() {
            return firstRow;
        }

        public int rows() {
            return rows;
        }

        public int firstPosition() {
            return firstPosition;
        }

        /** The table of a group of layers. */
        public int[] blockTable(int group) {
            if (group >= blockTables.length) {
                throw new IllegalArgumentException("a span with " + blockTables.length
                        + " block tables; the model has layers of group " + group + ", too");
            }
            return blockTables[group];
        }
    }
}
