package io.yuebing.model.decoder;

import io.yuebing.kernels.Attention;
import io.yuebing.kernels.Attention.CacheView;
import io.yuebing.kernels.HeadLinears;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.LinearGroup;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.MatrixPart;
import io.yuebing.model.weights.WeightLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Latent attention of one layer over the paged cache, with queries and results in the latent space for prompts and for
 * single tokens alike, so that both have the same bits.
 *
 * @param rope index of the layer's rotary embedding among the step's
 * @param shape index of the layer's numbers of heads and channels among the step's
 * @param in makes queries, or the latent rows that they are made from, and the rows of the cache
 * @param queryUp makes queries from their latent rows, if they have any
 * @param toLatent brings each head's query into the latent space
 * @param fromLatent makes each head's value from its result in the latent space
 */
record LatentAttention(
        Latent spec,
        int rope,
        int shape,
        LinearGroup in,
        Optional<QueryUp> queryUp,
        RmsNorm latentNorm,
        HeadLinears toLatent,
        HeadLinears fromLatent,
        Linear output)
        implements LayerAttention {

    /** The norms of latent rows have this one, whatever the model's other norms have: as in DeepSeek's code. */
    private static final float EPS = 1e-6f;

    /** The way of queries from their latent rows. */
    record QueryUp(RmsNorm norm, Linear matrix) {}

    static Supplier<LayerAttention> ask(WeightLoader weights, DecoderSpec spec, Latent attention, int layer) {
        TensorNames names = spec.names();
        int hidden = spec.hiddenSize();
        int latent = attention.latentSize();
        int queries = attention.heads() * attention.querySize();
        boolean bias = attention.bias();
        boolean direct = attention.queryRank() == 0;
        Supplier<Linear> query = direct
                ? weights.linear(names.of(TensorRole.QUERY, layer), queries, hidden, false)
                : weights.linear(names.of(TensorRole.QUERY_DOWN, layer), attention.queryRank(), hidden, bias);
        Supplier<Linear> row =
                weights.linear(names.of(TensorRole.KEY_VALUE_DOWN, layer), attention.headSize(), hidden, bias);
        Supplier<Optional<QueryUp>> queryUp =
                direct ? Optional::empty : askQueryUp(weights, names, attention, queries, layer);
        RmsNorm latentNorm = norm(weights, names.of(TensorRole.KEY_VALUE_NORM, layer), latent);
        Supplier<List<Linear>> toLatent = askHeads(weights, names, attention, layer, true);
        Supplier<List<Linear>> fromLatent = askHeads(weights, names, attention, layer, false);
        int results = attention.heads() * attention.valueSize();
        Supplier<Linear> output = weights.linear(names.of(TensorRole.ATTENTION_OUTPUT, layer), hidden, results, bias);
        int rope = spec.ropes().indexOf(attention.rope());
        int shape = AttentionShape.all(spec).indexOf(AttentionShape.of(attention));
        return () -> new LatentAttention(
                attention,
                rope,
                shape,
                LinearGroup.of(query.get(), row.get()),
                queryUp.get(),
                latentNorm,
                new HeadLinears(toLatent.get()),
                new HeadLinears(fromLatent.get()),
                output.get());
    }

    private static Supplier<Optional<QueryUp>> askQueryUp(
            WeightLoader weights, TensorNames names, Latent attention, int queries, int layer) {
        int rank = attention.queryRank();
        RmsNorm norm = norm(weights, names.of(TensorRole.QUERY_DOWN_NORM, layer), rank);
        Supplier<Linear> matrix = weights.linear(names.of(TensorRole.QUERY_UP, layer), queries, rank, false);
        return () -> Optional.of(new QueryUp(norm, matrix.get()));
    }

    private static RmsNorm norm(WeightLoader weights, String name, int size) {
        return new RmsNorm(weights.vector(name, size), EPS);
    }

    /** The heads' matrices into the latent space, or out of it: as they are, or parts of one matrix. */
    private static Supplier<List<Linear>> askHeads(
            WeightLoader weights, TensorNames names, Latent attention, int layer, boolean keys) {
        String start = names.of(keys ? TensorRole.HEAD_TO_LATENT : TensorRole.HEAD_FROM_LATENT, layer);
        if (!weights.has(start + 0)) {
            return askParts(weights, names, attention, layer, keys);
        }
        int outputs = keys ? attention.latentSize() : attention.valueSize();
        int inputs = keys ? attention.plainSize() : attention.latentSize();
        List<Supplier<Linear>> heads = IntStream.range(0, attention.heads())
                .mapToObj(head -> weights.linear(start + head, outputs, inputs, false))
                .toList();
        return () -> heads.stream().map(Supplier::get).toList();
    }

    /**
     * The matrix from latent rows to keys and values has for each head the rows of its key, which queries are multiplied
     * with from the other side, and then those of its value.
     */
    private static Supplier<List<Linear>> askParts(
            WeightLoader weights, TensorNames names, Latent attention, int layer, boolean keys) {
        int key = attention.plainSize();
        int value = attention.valueSize();
        List<MatrixPart> parts = new ArrayList<>();
        for (int head = 0; head < attention.heads(); head++) {
            int first = head * (key + value);
            parts.add(keys ? new MatrixPart(first, key, true) : new MatrixPart(first + key, value, false));
        }
        String name = names.of(TensorRole.KEY_VALUE_UP, layer);
        return weights.parts(name, attention.heads() * (key + value), attention.latentSize(), parts);
    }

    @Override
    public void writeKeysAndValues(StepBuffers step, CacheView cache, WorkerPool pool) {
        LatentBuffers buffers = step.latent;
        boolean direct = queryUp.isEmpty();
        in.apply(step.normed, step.rows(), pool, direct ? step.queryAndRow() : step.queryLatentAndRow());
        queryUp.ifPresent(up -> {
            up.norm().apply(buffers.queryLatent, step.rows(), buffers.queryLatent, pool);
            up.matrix().apply(buffers.queryLatent, step.rows(), step.query, pool);
        });
        pool.run(step.rows(), row -> {
            writeRow(step, row, cache);
            turnQueries(step, row);
        });
    }

    private void writeRow(StepBuffers step, int row, CacheView cache) {
        float[] rows = step.latent.row;
        int at = row * spec.headSize();
        latentNorm.apply(rows, at, rows, at);
        step.angles[rope].turn(rows, at + spec.latentSize(), row);
        int position = step.positions[row];
        int block = step.blockTables[row][position / cache.blockSize()];
        Attention.writeLatent(cache, block, position % cache.blockSize(), rows, at);
    }

    /** Turns the channels that tell the position, behind the place of those that come into the latent space. */
    private void turnQueries(StepBuffers step, int row) {
        float[] to = step.latent.query;
        for (int head = row * spec.heads(); head < (row + 1) * spec.heads(); head++) {
            int from = head * spec.querySize() + spec.plainSize();
            int at = head * spec.headSize() + spec.latentSize();
            System.arraycopy(step.query, from, to, at, spec.rope().channels());
            step.angles[rope].turn(to, at, row);
        }
    }

    @Override
    public void attend(StepBuffers step, CacheView cache, WorkerPool pool) {
        LatentBuffers buffers = step.latent;
        toLatent.apply(step.query, spec.querySize(), step.rows(), buffers.query, spec.headSize(), pool);
        step.attention[shape].attend(
                cache, spec.window(), spec.scale(), AttentionSpec.NO_CAP, buffers.query, buffers.attended, pool);
        fromLatent.apply(buffers.attended, spec.latentSize(), step.rows(), step.attended, spec.valueSize(), pool);
        output.apply(step.attended, step.rows(), step.output, pool);
    }

    @Override
    public Stream<Linear> matrices() {
        Stream<Linear> ups = queryUp.stream().map(QueryUp::matrix);
        Stream<Linear> heads = Stream.concat(toLatent.members().stream(), fromLatent.members().stream());
        return Stream.of(in.members().stream(), ups, heads, Stream.of(output)).flatMap(matrices -> matrices);
    }
}
