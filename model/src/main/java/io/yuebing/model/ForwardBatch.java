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

    /**
     * Consecutive rows of one sequence.
     *
     * @param firstRow index of the first row
     * @param rows number of rows, at least 1
     * @param firstPosition position of the first row's token in its sequence; all earlier positions are in the cache
     * @param blockTable cache blocks of the sequence; position p lies in {@code blockTable[p / blockSize]}
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Span(int firstRow, int rows, int firstPosition, int[] blockTable) {}
}
