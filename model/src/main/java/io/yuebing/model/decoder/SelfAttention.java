package io.yuebing.model.decoder;

import io.yuebing.kernels.Attention;
import io.yuebing.kernels.Attention.CacheView;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Rope;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Grouped-query attention of one layer over the paged cache (Ainslie et al., 2023).
 *
 * @param window positions that a token attends to, its own included; {@link DecoderSpec#NO_WINDOW} = all
 */
record SelfAttention(Dimensions dimensions, int window, Linear query, Linear key, Linear value, Linear output) {

    static Supplier<SelfAttention> ask(WeightLoader weights, DecoderSpec spec, int layer) {
        Dimensions d = spec.dimensions();
        TensorNames names = spec.names();
        String prefix = names.layers() + layer + ".";
        boolean bias = spec.queryKeyValueBias();
        Supplier<Linear> query = weights.linear(prefix + names.query(), d.queryWidth(), d.hiddenSize(), bias);
        Supplier<Linear> key = weights.linear(prefix + names.key(), d.kvWidth(), d.hiddenSize(), bias);
        Supplier<Linear> value = weights.linear(prefix + names.value(), d.kvWidth(), d.hiddenSize(), bias);
        Supplier<Linear> output =
                weights.linear(prefix + names.attentionOutput(), d.hiddenSize(), d.queryWidth(), false);
        return () -> new SelfAttention(d, spec.windows().get(layer), query.get(), key.get(), value.get(), output.get());
    }

    /** Computes keys and values of the rows from {@code normed} and writes them to the cache; prepares the queries. */
    void writeKeysAndValues(StepBuffers step, CacheView cache, WorkerPool pool) {
        query.apply(step.normed, step.rows(), step.query, pool);
        key.apply(step.normed, step.rows(), step.key, pool);
        value.apply(step.normed, step.rows(), step.value, pool);
        pool.run(step.rows(), row -> {
            turn(step, row, step.query, dimensions.heads());
            turn(step, row, step.key, dimensions.kvHeads());
            int position = step.positions[row];
            int block = step.blockTables[row][position / cache.blockSize()];
            int at = row * dimensions.kvWidth();
            Attention.write(cache, block, position % cache.blockSize(), step.key, at, step.value, at);
        });
    }

    private void turn(StepBuffers step, int row, float[] x, int heads) {
        int size = dimensions.headSize();
        for (int head = 0; head < heads; head++) {
            Rope.apply(x, (row * heads + head) * size, size, step.cos, step.sin, row * (size / 2));
        }
    }

    /** Attends and projects into {@code output}. A task is one row's heads of one KV head, late rows first. */
    void attend(StepBuffers step, CacheView cache, WorkerPool pool) {
        int heads = dimensions.heads();
        int kvHeads = dimensions.kvHeads();
        float scale = (float) (1 / Math.sqrt(dimensions.headSize()));
        pool.run(step.rows() * kvHeads, task -> {
            int row = step.rows() - 1 - task / kvHeads;
            int position = step.positions[row];
            int from = window == DecoderSpec.NO_WINDOW ? 0 : Math.max(0, position - window + 1);
            int at = row * dimensions.queryWidth();
            int[] table = step.blockTables[row];
            Attention.kvHead(
                    cache, table, from, position, step.query, at, heads, task % kvHeads, scale, step.attended, at);
        });
        output.apply(step.attended, step.rows(), step.output, pool);
    }

    Stream<Linear> matrices() {
        return Stream.of(query, key, value, output);
    }
}
