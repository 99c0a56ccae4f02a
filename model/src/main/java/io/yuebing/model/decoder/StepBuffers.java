package io.yuebing.model.decoder;

import io.yuebing.kernels.BatchAttention;
import io.yuebing.model.ForwardBatch;
import java.util.Arrays;

/**
 * The rows of one step with the memory that its intermediate values need; kept from step to step.
 *
 * <p>Arrays are row-major with one row for each row of the batch, and grow with the largest batch seen.
 */
final class StepBuffers {
    private static final int[] NO_BLOCKS = {};

    private final Dimensions dimensions;
    /** How the rows' attention is shared out. */
    final BatchAttention attention;

    private int capacity;
    private int rows;

    int[] positions = {};
    int[][] blockTables = {};

    /** Residual stream, {@code [rows][hidden]}. */
    float[] hidden = {};

    float[] query = {};
    float[] key = {};
    float[] value = {};
    float[] attended = {};
    float[] gate = {};
    float[] up = {};
    /** Cosines of the rotary angles at each row's position, {@code [rows][headSize / 2]}. */
    float[] cos = {};

    float[] sin = {};

    private float[][] queryKeyValue = {};
    private float[][] gateAndUp = {};

    StepBuffers(Dimensions dimensions) {
        this.dimensions = dimensions;
        attention = new BatchAttention(dimensions.heads(), dimensions.kvHeads(), dimensions.headSize());
    }

    int rows() {
        return rows;
    }

    /** The three arrays, for the products that fill them together. */
    float[][] queryKeyValue() {
        return queryKeyValue;
    }

    float[][] gateAndUp() {
        return gateAndUp;
    }

    /** Takes over a batch's rows. */
    void begin(ForwardBatch batch) {
        rows = batch.tokens().length;
        reserve(rows);
        attention.clear();
        int next = 0;
        for (ForwardBatch.Span span : batch.spans()) {
            if (span.firstRow() != next || span.rows() < 1 || span.rows() > rows - next) {
                throw new IllegalArgumentException("span " + span.firstRow() + " + " + span.rows()
                        + " does not continue at row " + next + " of " + rows);
            }
            attention.add(next, span.rows(), span.firstPosition(), span.blockTable());
            for (int i = 0; i < span.rows(); i++, next++) {
                positions[next] = span.firstPosition() + i;
                blockTables[next] = span.blockTable();
            }
        }
        if (next != rows) {
            throw new IllegalArgumentException("spans cover " + next + " of " + rows + " rows");
        }
    }

    /** Lets go of the callers' block tables. */
    void end() {
        Arrays.fill(blockTables, 0, rows, NO_BLOCKS);
        attention.clear();
    }

    private void reserve(int needed) {
        if (needed <= capacity) {
            return;
        }
        int grown = Math.max(needed, (int) Math.min(2L * capacity, 1024));
        positions = new int[grown];
        blockTables = new int[grown][];
        hidden = matrix(grown, dimensions.hiddenSize());
        query = matrix(grown, dimensions.queryWidth());
        key = matrix(grown, dimensions.kvWidth());
        value = matrix(grown, dimensions.kvWidth());
        attended = matrix(grown, dimensions.queryWidth());
        gate = matrix(grown, dimensions.intermediateSize());
        up = matrix(grown, dimensions.intermediateSize());
        cos = matrix(grown, dimensions.headSize() / 2);
        sin = matrix(grown, dimensions.headSize() / 2);
        queryKeyValue = new float[][] {query, key, value};
        gateAndUp = new float[][] {gate, up};
        capacity = grown; // last: an allocation that fails leaves nothing half grown in use
    }

    private static float[] matrix(int rows, int columns) {
        return new float[Math.multiplyExact(rows, columns)];
    }
}
