package io.yuebing.model.decoder;

import io.yuebing.kernels.BatchAttention;
import io.yuebing.model.ForwardBatch;
import java.util.Arrays;
import java.util.List;

/**
 * The rows of one step with the memory that its intermediate values need; kept from step to step.
 *
 * <p>Arrays are row-major with one row for each row of the batch, and grow with the largest batch seen.
 */
final class StepBuffers {
    private static final int[] NO_BLOCKS = {};

    private final DecoderSpec spec;
    /** How the rows' attention is shared out, for each {@link AttentionShape}. */
    final BatchAttention[] attention;

    private int capacity;
    private int rows;

    private List<ForwardBatch.Span> spans = List.of();

    int[] positions = {};
    /** Of each row in the group of layers that is computed. */
    int[][] blockTables = {};

    /** Residual stream, {@code [rows][hidden]}. */
    float[] hidden = {};
    /** Its normalised copy, input of the next products. */
    float[] normed = {};
    /** Output of a part of a layer, to be added to the residual stream. */
    float[] output = {};

    /** Queries, keys and values side by side, where one product gives them. */
    float[] queryKeyValue = {};

    float[] query = {};
    float[] key = {};
    float[] value = {};
    float[] attended = {};
    float[] gate = {};
    float[] up = {};
    /** Angles of each of the model's rotary embeddings at each row's position. */
    final RotaryAngles[] angles;

    final ExpertBuffers experts;
    final LatentBuffers latent;

    private float[][] queryKeyAndValue = {};
    private float[][] queryAndRow = {};
    private float[][] queryLatentAndRow = {};
    private float[][] gateOnly = {};
    private float[][] gateAndUp = {};

    StepBuffers(DecoderSpec spec) {
        this.spec = spec;
        this.attention =
                AttentionShape.all(spec).stream().map(AttentionShape::scratch).toArray(BatchAttention[]::new);
        this.angles = spec.ropes().stream().map(RotaryAngles::new).toArray(RotaryAngles[]::new);
        this.experts = ExpertBuffers.of(spec);
        this.latent = LatentBuffers.of(spec);
    }

    int rows() {
        return rows;
    }

    /** The three arrays, for the products that fill them together. */
    float[][] queryKeyAndValue() {
        return queryKeyAndValue;
    }

    /** Queries, and what latent attention keeps of a token. */
    float[][] queryAndRow() {
        return queryAndRow;
    }

    /** The same where queries have latent rows, too. */
    float[][] queryLatentAndRow() {
        return queryLatentAndRow;
    }

    float[][] gateOnly() {
        return gateOnly;
    }

    float[][] gateAndUp() {
        return gateAndUp;
    }

    /** Takes over a batch's rows. */
    void begin(ForwardBatch batch) {
        rows = batch.tokens().length;
        reserve(rows);
        spans = batch.spans();
        int next = 0;
        for (ForwardBatch.Span span : spans) {
            if (span.firstRow() != next || span.rows() < 1 || span.rows() > rows - next) {
                throw new IllegalArgumentException("span " + span.firstRow() + " + " + span.rows()
                        + " does not continue at row " + next + " of " + rows);
            }
            for (int i = 0; i < span.rows(); i++, next++) {
                positions[next] = span.firstPosition() + i;
            }
        }
        if (next != rows) {
            throw new IllegalArgumentException("spans cover " + next + " of " + rows + " rows");
        }
        useTables(0);
    }

    /** Computes on the blocks of a group of layers from now on. */
    void useTables(int group) {
        clearAttention();
        for (ForwardBatch.Span span : spans) {
            int[] table = span.blockTable(group);
            for (BatchAttention each : attention) {
                each.add(span.firstRow(), span.rows(), span.firstPosition(), table);
            }
            Arrays.fill(blockTables, span.firstRow(), span.firstRow() + span.rows(), table);
        }
    }

    /** Lets go of the callers' block tables. */
    void end() {
        spans = List.of();
        Arrays.fill(blockTables, 0, rows, NO_BLOCKS);
        clearAttention();
    }

    private void clearAttention() {
        for (BatchAttention each : attention) {
            each.clear();
        }
    }

    private void reserve(int needed) {
        if (needed <= capacity) {
            return;
        }
        int grown = Math.max(needed, (int) Math.min(2L * capacity, 1024));
        positions = new int[grown];
        blockTables = new int[grown][];
        hidden = matrix(grown, spec.hiddenSize());
        normed = matrix(grown, spec.hiddenSize());
        output = matrix(grown, spec.hiddenSize());
        reserveAttention(grown);
        int width = spec.layers().stream()
                .mapToInt(layer -> layer.feedForward().width())
                .max()
                .orElse(0);
        gate = matrix(grown, spec.names().has(TensorRole.GATE_UP) ? 2 * width : width);
        up = matrix(grown, width);
        gateOnly = new float[][] {gate};
        gateAndUp = new float[][] {gate, up};
        experts.reserve(grown);
        for (RotaryAngles each : angles) {
            each.reserve(grown);
        }
        capacity = grown; // last: an allocation that fails leaves nothing half grown in use
    }

    private void reserveAttention(int grown) {
        int queries = 0;
        int keys = 0;
        int results = 0;
        for (LayerSpec layer : spec.layers()) {
            switch (layer.attention()) {
                case GroupedQuery grouped -> {
                    queries = Math.max(queries, grouped.queryWidth());
                    keys = Math.max(keys, grouped.kvWidth());
                    results = Math.max(results, grouped.queryWidth());
                }
                case Latent some -> {
                    queries = Math.max(queries, some.heads() * some.querySize());
                    results = Math.max(results, some.heads() * some.valueSize());
                }
            }
        }
        query = matrix(grown, queries);
        key = matrix(grown, keys);
        value = matrix(grown, keys);
        attended = matrix(grown, results);
        latent.reserve(grown);
        queryKeyAndValue = new float[][] {query, key, value};
        queryAndRow = new float[][] {query, latent.row};
        queryLatentAndRow = new float[][] {latent.queryLatent, latent.row};
        queryKeyValue = matrix(grown, spec.names().has(TensorRole.QUERY_KEY_VALUE) ? queries + 2 * keys : 0);
    }

    static float[] matrix(int rows, int columns) {
        return new float[Math.multiplyExact(rows, columns)];
    }
}
