package io.yuebing.model.decoder;

/** The memory for what {@link LatentAttention} computes of the rows of a step; empty in other models. */
final class LatentBuffers {
    private final int queryRank;
    private final int rowSize;
    private final int queries;
    private final int results;

    /** Latent rows that queries are made from, {@code [rows][queryRank]}. */
    float[] queryLatent = {};
    /** What the cache keeps of the rows, {@code [rows][latentSize + turned]}. */
    float[] row = {};
    /** Queries in the latent space, {@code [rows][heads][latentSize + turned]}. */
    float[] query = {};
    /** Results in the latent space, {@code [rows][heads][latentSize]}. */
    float[] attended = {};

    private LatentBuffers(int queryRank, int rowSize, int queries, int results) {
        this.queryRank = queryRank;
        this.rowSize = rowSize;
        this.queries = queries;
        this.results = results;
    }

    static LatentBuffers of(DecoderSpec spec) {
        int queryRank = 0;
        int rowSize = 0;
        int queries = 0;
        int results = 0;
        for (LayerSpec layer : spec.layers()) {
            if (layer.attention() instanceof Latent latent) {
                queryRank = Math.max(queryRank, latent.queryRank());
                rowSize = Math.max(rowSize, latent.headSize());
                queries = Math.max(queries, latent.heads() * latent.headSize());
                results = Math.max(results, latent.heads() * latent.latentSize());
            }
        }
        return new LatentBuffers(queryRank, rowSize, queries, results);
    }

    void reserve(int rowCount) {
        queryLatent = StepBuffers.matrix(rowCount, queryRank);
        row = StepBuffers.matrix(rowCount, rowSize);
        query = StepBuffers.matrix(rowCount, queries);
        attended = StepBuffers.matrix(rowCount, results);
    }
}
