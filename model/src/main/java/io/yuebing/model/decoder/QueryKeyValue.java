package io.yuebing.model.decoder;

import io.yuebing.kernels.Linear;
import io.yuebing.kernels.LinearGroup;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The products that give queries, keys and values. */
sealed interface QueryKeyValue {

    static Supplier<QueryKeyValue> ask(WeightLoader weights, DecoderSpec spec, GroupedQuery attention, int layer) {
        TensorNames names = spec.names();
        int hidden = spec.hiddenSize();
        int queries = attention.queryWidth();
        int keys = attention.kvWidth();
        boolean bias = attention.queryKeyValueBias();
        if (names.has(TensorRole.QUERY_KEY_VALUE)) {
            String name = names.of(TensorRole.QUERY_KEY_VALUE, layer);
            Supplier<Linear> all = weights.linear(name, queries + 2 * keys, hidden, bias);
            return () -> new Fused(queries, keys, all.get());
        }
        Supplier<Linear> query = weights.linear(names.of(TensorRole.QUERY, layer), queries, hidden, bias);
        Supplier<Linear> key = weights.linear(names.of(TensorRole.KEY, layer), keys, hidden, bias);
        Supplier<Linear> value = weights.linear(names.of(TensorRole.VALUE, layer), keys, hidden, bias);
        return () -> new Separate(LinearGroup.of(query.get(), key.get(), value.get()));
    }

    /** From {@code normed} into {@code query}, {@code key} and {@code value}. */
    void apply(StepBuffers step, WorkerPool pool);

    Stream<Linear> matrices();

    /** Three matrices, computed in one go. */
    record Separate(LinearGroup group) implements QueryKeyValue {
        @Override
        public void apply(StepBuffers step, WorkerPool pool) {
            group.apply(step.normed, step.rows(), pool, step.queryKeyAndValue());
        }

        @Override
        public Stream<Linear> matrices() {
            return group.members().stream();
        }
    }

    /** One matrix. */
    record Fused(int queryWidth, int kvWidth, Linear all) implements QueryKeyValue {
        @Override
        public void apply(StepBuffers step, WorkerPool pool) {
            all.apply(step.normed, step.rows(), step.queryKeyValue, pool);
            int width = queryWidth + 2 * kvWidth;
            pool.run(step.rows(), row -> {
                int at = row * width;
                System.arraycopy(step.queryKeyValue, at, step.query, row * queryWidth, queryWidth);
                at += queryWidth;
                System.arraycopy(step.queryKeyValue, at, step.key, row * kvWidth, kvWidth);
                at += kvWidth;
                System.arraycopy(step.queryKeyValue, at, step.value, row * kvWidth, kvWidth);
            });
        }

        @Override
        public Stream<Linear> matrices() {
            return Stream.of(all);
        }
    }
}
