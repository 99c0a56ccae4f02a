package io.yuebing.model.decoder;

import io.yuebing.kernels.ActivationRows;
import io.yuebing.kernels.Attention;
import io.yuebing.kernels.Attention.CacheView;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.LinearGroup;
import io.yuebing.kernels.Rope;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Grouped-query attention of one layer over the paged cache (Ainslie et al., 2023).
 */
final class SelfAttention {
    private final Dimensions dimensions;
    /** Positions that a token attends to, its own included; {@link DecoderSpec#NO_WINDOW} = all. */
    private final int window;

    private final LinearGroup queryKeyValue;
    private final Linear output;
    private final StepBuffers step;
    private final IntConsumer turnAndWrite = this::turnAndWrite;
    private final ActivationRows attended = this::readAttended;
    private @Nullable CacheView cache;

    private SelfAttention(
            Dimensions dimensions, int window, LinearGroup queryKeyValue, Linear output, StepBuffers step) {
        this.dimensions = dimensions;
        this.window = window;
        this.queryKeyValue = queryKeyValue;
        this.output = output;
        this.step = step;
    }

    static Function<StepBuffers, SelfAttention> ask(WeightLoader weights, DecoderSpec spec, int layer) {
        Dimensions d = spec.dimensions();
        TensorNames names = spec.names();
        String prefix = names.layers() + layer + ".";
        boolean bias = spec.queryKeyValueBias();
        Supplier<Linear> query = weights.linear(prefix + names.query(), d.queryWidth(), d.hiddenSize(), bias);
        Supplier<Linear> key = weights.linear(prefix + names.key(), d.kvWidth(), d.hiddenSize(), bias);
        Supplier<Linear> value = weights.linear(prefix + names.value(), d.kvWidth(), d.hiddenSize(), bias);
        Supplier<Linear> output =
                weights.linear(prefix + names.attentionOutput(), d.hiddenSize(), d.queryWidth(), false);
        int window = spec.windows().get(layer);
        return step ->
                new SelfAttention(d, window, LinearGroup.of(query.get(), key.get(), value.get()), output.get(), step);
    }

    /** Computes keys and values of the rows from {@code x} and writes them to the cache; prepares the queries. */
    void writeKeysAndValues(ActivationRows x, CacheView into, WorkerPool pool) {
        queryKeyValue.apply(x, step.rows(), pool, step.queryKeyValue());
        cache = into;
        pool.run(step.rows(), turnAndWrite);
    }

    private void turnAndWrite(int row) {
        CacheView into = Objects.requireNonNull(cache);
        turn(step, row, step.query, dimensions.heads());
        turn(step, row, step.key, dimensions.kvHeads());
        int position = step.positions[row];
        int block = step.blockTables[row][position / into.blockSize()];
        int at = row * dimensions.kvWidth();
        Attention.write(into, block, position % into.blockSize(), step.key, at, step.value, at);
    }

    private void readAttended(int row, float[] to) {
        System.arraycopy(step.attended, row * dimensions.queryWidth(), to, 0, dimensions.queryWidth());
    }

    private void turn(StepBuffers step, int row, float[] x, int heads) {
        int size = dimensions.headSize();
        for (int head = 0; head < heads; head++) {
            Rope.apply(x, (row * heads + head) * size, size, step.cos, step.sin, row * (size / 2));
        }
    }

    /** Attends and projects into the residual stream. */
    void attend(StepBuffers step, CacheView cache, WorkerPool pool) {
        float scale = (float) (1 / Math.sqrt(dimensions.headSize()));
        step.attention.attend(cache, window, scale, step.query, step.attended, pool);
        output.addTo(attended, step.rows(), step.hidden, pool);
    }

    Stream<Linear> matrices() {
        return Stream.concat(queryKeyValue.members().stream(), Stream.of(output));
    }
}
