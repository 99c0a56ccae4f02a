package io.yuebing.model.decoder;

import io.yuebing.kernels.Attention.CacheView;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The attention of one layer with its weights. */
interface LayerAttention {

    /** Asks for the weights of the kind that the layer declares. */
    static Supplier<LayerAttention> ask(WeightLoader weights, DecoderSpec spec, int layer) {
        return switch (spec.layers().get(layer).attention()) {
            case GroupedQuery grouped -> SelfAttention.ask(weights, spec, grouped, layer);
            case Latent latent -> LatentAttention.ask(weights, spec, latent, layer);
        };
    }

    /** Computes what the cache keeps of the rows from {@code normed} and writes it there; prepares the queries. */
    void writeKeysAndValues(StepBuffers step, CacheView cache, WorkerPool pool);

    /** Attends and projects into {@code output}. */
    void attend(StepBuffers step, CacheView cache, WorkerPool pool);

    /** The matrices that one token is multiplied with. */
    Stream<Linear> matrices();
}
