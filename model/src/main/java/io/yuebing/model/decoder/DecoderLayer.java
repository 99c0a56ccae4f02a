package io.yuebing.model.decoder;

import io.yuebing.kernels.Activations;
import io.yuebing.kernels.Attention.CacheView;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * One layer: {@code x += attention(norm(x)); x += mlp(norm(x))}, where some families normalise the two summands as well.
 */
record DecoderLayer(
        int hiddenSize,
        RmsNorm attentionNorm,
        LayerAttention attention,
        Optional<RmsNorm> attentionOutputNorm,
        RmsNorm mlpNorm,
        FeedForward mlp,
        Optional<RmsNorm> mlpOutputNorm) {

    static Supplier<DecoderLayer> ask(WeightLoader weights, DecoderSpec spec, int layer) {
        int hidden = spec.hiddenSize();
        RmsNorm attentionNorm = RmsNorm.read(weights, spec, TensorRole.ATTENTION_NORM, layer, hidden);
        Supplier<LayerAttention> attention = LayerAttention.ask(weights, spec, layer);
        Optional<RmsNorm> attentionOutputNorm =
                RmsNorm.readIfNamed(weights, spec, TensorRole.ATTENTION_OUTPUT_NORM, layer, hidden);
        RmsNorm mlpNorm = RmsNorm.read(weights, spec, TensorRole.MLP_NORM, layer, hidden);
        Supplier<FeedForward> mlp = FeedForward.ask(weights, spec, layer);
        Optional<RmsNorm> mlpOutputNorm = RmsNorm.readIfNamed(weights, spec, TensorRole.MLP_OUTPUT_NORM, layer, hidden);
        return () -> new DecoderLayer(
                hidden, attentionNorm, attention.get(), attentionOutputNorm, mlpNorm, mlp.get(), mlpOutputNorm);
    }

    /**
     * Computes the layer on {@code hidden} in place.
     *
     * @param written run when the rows' keys and values are in the cache
     * @param attended run when the attention's output is in {@code hidden}
     */
    void forward(StepBuffers step, CacheView cache, WorkerPool pool, Runnable written, Runnable attended) {
        attentionNorm.apply(step.hidden, step.rows(), step.normed, pool);
        attention.writeKeysAndValues(step, cache, pool);
        written.run();
        attention.attend(step, cache, pool);
        addOutput(step, attentionOutputNorm, pool);
        attended.run();
        mlpNorm.apply(step.hidden, step.rows(), step.normed, pool);
        mlp.apply(step, pool);
        addOutput(step, mlpOutputNorm, pool);
    }

    /** The matrices that one token is multiplied with. */
    Stream<Linear> matrices() {
        return Stream.concat(attention.matrices(), mlp.matrices());
    }

    private void addOutput(StepBuffers step, Optional<RmsNorm> norm, WorkerPool pool) {
        pool.run(step.rows(), row -> {
            int at = row * hiddenSize;
            if (norm.isPresent()) {
                norm.get().apply(step.output, at, step.output, at);
            }
            Activations.add(step.hidden, at, step.output, at, hiddenSize);
        });
    }
}
