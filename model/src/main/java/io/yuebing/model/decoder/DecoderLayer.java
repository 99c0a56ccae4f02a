package io.yuebing.model.decoder;

import io.yuebing.kernels.Activations;
import io.yuebing.kernels.Attention.CacheView;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Norms;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** One layer: {@code x += attention(norm(x)); x += mlp(norm(x))}. */
@SuppressWarnings("ArrayRecordComponent") // layers are never compared
record DecoderLayer(
        int hiddenSize, float normEps, float[] attentionNorm, SelfAttention attention, float[] mlpNorm, GatedMlp mlp) {

    static Supplier<DecoderLayer> ask(WeightLoader weights, DecoderSpec spec, int layer) {
        int hidden = spec.dimensions().hiddenSize();
        String prefix = spec.names().layers() + layer + ".";
        float[] attentionNorm = weights.vector(prefix + spec.names().attentionNorm(), hidden);
        Supplier<SelfAttention> attention = SelfAttention.ask(weights, spec, layer);
        float[] mlpNorm = weights.vector(prefix + spec.names().mlpNorm(), hidden);
        Supplier<GatedMlp> mlp = GatedMlp.ask(weights, spec, layer);
        return () -> new DecoderLayer(hidden, spec.normEps(), attentionNorm, attention.get(), mlpNorm, mlp.get());
    }

    /**
     * Computes the layer on {@code hidden} in place.
     *
     * @param written run when the rows' keys and values are in the cache
     */
    void forward(StepBuffers step, CacheView cache, WorkerPool pool, Runnable written) {
        normalise(step, attentionNorm, pool);
        attention.writeKeysAndValues(step, cache, pool);
        written.run();
        attention.attend(step, cache, pool);
        addOutput(step, pool);
        normalise(step, mlpNorm, pool);
        mlp.apply(step, pool);
        addOutput(step, pool);
    }

    /** All matrices of the layer. */
    Stream<Linear> matrices() {
        return Stream.concat(attention.matrices(), mlp.matrices());
    }

    private void normalise(StepBuffers step, float[] weight, WorkerPool pool) {
        pool.run(step.rows(), row -> {
            int at = row * hiddenSize;
            Norms.rms(step.hidden, at, hiddenSize, weight, normEps, step.normed, at);
        });
    }

    private void addOutput(StepBuffers step, WorkerPool pool) {
        pool.run(step.rows(), row -> {
            int at = row * hiddenSize;
            Activations.add(step.hidden, at, step.output, at, hiddenSize);
        });
    }
}
