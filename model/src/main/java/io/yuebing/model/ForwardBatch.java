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
        private int[] blockTable;

        /** A span; {@link #set} says of what. */
        public Span(int firstRow, int rows, int firstPosition, int[] blockTable) {
            this.firstRow = firstRow;
            this.rows = rows;
            this.firstPosition = firstPosition;
            this.blockTable = blockTable;
        }

        /**
         * Makes this the rows of a sequence.
         *
         * @param firstRow index of the first row
         * @param rows number of rows, at least 1
         * @param firstPosition position of the first row's token in its sequence; all earlier positions are in the cache
         * @param blockTable cache blocks of the sequence; position p lies in {@code blockTable[p / blockSize]}
         */
        public void set(int firstRow, int rows, int firstPosition, int[] blockTable) {
            this.firstRow = firstRow;
            this.rows = rows;
            this.firstPosition = firstPosition;
            this.blockTable = blockTable;
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

        public int[] blockTable() {
            return blockTable;
        }
    }
}
