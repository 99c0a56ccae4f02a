package io.yuebing.model.decoder;

import io.yuebing.kernels.Attention;
import io.yuebing.kernels.Attention.CacheView;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Grouped-query attention of one layer over the paged cache.
 *
 * @param rope index of the layer's rotary embedding among the step's
 * @param shape index of the layer's numbers of heads and channels among the step's
 */
record SelfAttention(
        GroupedQuery spec,
        int rope,
        int shape,
        QueryKeyValue projections,
        Optional<RmsNorm> queryNorm,
        Optional<RmsNorm> keyNorm,
        Linear output)
        implements LayerAttention {

    static Supplier<LayerAttention> ask(WeightLoader weights, DecoderSpec spec, GroupedQuery attention, int layer) {
        Supplier<QueryKeyValue> projections = QueryKeyValue.ask(weights, spec, attention, layer);
        int headSize = attention.headSize();
        Optional<RmsNorm> queryNorm = RmsNorm.readIfNamed(weights, spec, TensorRole.QUERY_NORM, layer, headSize);
        Optional<RmsNorm> keyNorm = RmsNorm.readIfNamed(weights, spec, TensorRole.KEY_NORM, layer, headSize);
        Supplier<Linear> output = weights.linear(
                spec.names().of(TensorRole.ATTENTION_OUTPUT, layer),
                spec.hiddenSize(),
                attention.queryWidth(),
                attention.outputBias());
        int rope = spec.ropes().indexOf(attention.rope());
        int shape = AttentionShape.all(spec).indexOf(AttentionShape.of(attention));
        return () -> new SelfAttention(attention, rope, shape, projections.get(), queryNorm, keyNorm, output.get());
    }

    @Override
    public void writeKeysAndValues(StepBuffers step, CacheView cache, WorkerPool pool) {
        projections.apply(step, pool);
        pool.run(step.rows(), row -> {
            prepare(step, row, step.query, spec.heads(), queryNorm);
            prepare(step, row, step.key, spec.kvHeads(), keyNorm);
            int position = step.positions[row];
            int block = step.blockTables[row][position / cache.blockSize()];
            int at = row * spec.kvWidth();
            Attention.write(cache, block, position % cache.blockSize(), step.key, at, step.value, at);
        });
    }

    /** Normalises and turns the heads of a row. */
    private void prepare(StepBuffers step, int row, float[] x, int heads, Optional<RmsNorm> norm) {
        for (int head = 0; head < heads; head++) {
            int at = (row * heads + head) * spec.headSize();
            if (norm.isPresent()) {
                norm.get().apply(x, at, x, at);
            }
            step.angles[rope].turn(x, at, row);
        }
    }

    @Override
    public void attend(StepBuffers step, CacheView cache, WorkerPool pool) {
        step.attention[shape].attend(cache, spec.window(), spec.scale(), spec.cap(), step.query, step.attended, pool);
        output.apply(step.attended, step.rows(), step.output, pool);
    }

    @Override
    public Stream<Linear> matrices() {
        return Stream.concat(projections.matrices(), Stream.of(output));
    }
}
