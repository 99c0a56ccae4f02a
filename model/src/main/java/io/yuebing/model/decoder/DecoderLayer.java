package io.yuebing.model.decoder;

import io.yuebing.kernels.ActivationRows;
import io.yuebing.kernels.Attention.CacheView;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Norms;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.CausalLm.LayerListener;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * One layer: {@code x += attention(norm(x)); x += mlp(norm(x))}.
 *
 * <p>A norm is computed where a product reads its activations, and a product adds its results to the residual stream
 * itself: what is left are the products and attention. All objects are made once, so that a step allocates nothing.
 */
final class DecoderLayer {
    private final int index;
    private final int hiddenSize;
    private final float normEps;
    private final float[] attentionNorm;
    private final float[] mlpNorm;
    private final SelfAttention attention;
    private final GatedMlp mlp;
    private final StepBuffers step;
    private final ActivationRows attentionInput = this::normForAttention;
    private final ActivationRows mlpInput = this::normForMlp;

    private DecoderLayer(
            DecoderSpec spec,
            int index,
            float[] attentionNorm,
            SelfAttention attention,
            float[] mlpNorm,
            GatedMlp mlp,
            StepBuffers step) {
        this.index = index;
        this.hiddenSize = spec.dimensions().hiddenSize();
        this.normEps = spec.normEps();
        this.attentionNorm = attentionNorm;
        this.attention = attention;
        this.mlpNorm = mlpNorm;
        this.mlp = mlp;
        this.step = step;
    }

    static Function<StepBuffers, DecoderLayer> ask(WeightLoader weights, DecoderSpec spec, int layer) {
        int hidden = spec.dimensions().hiddenSize();
        String prefix = spec.names().layers() + layer + ".";
        float[] attentionNorm = weights.vector(prefix + spec.names().attentionNorm(), hidden);
        Function<StepBuffers, SelfAttention> attention = SelfAttention.ask(weights, spec, layer);
        float[] mlpNorm = weights.vector(prefix + spec.names().mlpNorm(), hidden);
        Function<StepBuffers, GatedMlp> mlp = GatedMlp.ask(weights, spec, layer);
        return step ->
                new DecoderLayer(spec, layer, attentionNorm, attention.apply(step), mlpNorm, mlp.apply(step), step);
    }

    /**
     * Computes the layer on {@code hidden} in place.
     *
     * @param listener told when the rows' keys and values are in the cache
     */
    void forward(CacheView cache, WorkerPool pool, LayerListener listener) {
        attention.writeKeysAndValues(attentionInput, cache, pool);
        listener.layerWritten(index);
        attention.attend(step, cache, pool);
        mlp.apply(mlpInput, pool);
    }

    /** All matrices of the layer. */
    Stream<Linear> matrices() {
        return Stream.concat(attention.matrices(), mlp.matrices());
    }

    private void normForAttention(int row, float[] to) {
        Norms.rms(step.hidden, row * hiddenSize, hiddenSize, attentionNorm, normEps, to, 0);
    }

    private void normForMlp(int row, float[] to) {
        Norms.rms(step.hidden, row * hiddenSize, hiddenSize, mlpNorm, normEps, to, 0);
    }
}
