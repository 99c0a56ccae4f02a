package io.yuebing.model.decoder;

import io.yuebing.kernels.Linear;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The feed-forward part of one layer with its weights. */
interface FeedForward {

    /** Asks for the weights of the kind that the layer declares. */
    static Supplier<FeedForward> ask(WeightLoader weights, DecoderSpec spec, int layer) {
        return switch (spec.layers().get(layer).feedForward()) {
            case FeedForwardSpec.Dense dense -> {
                Supplier<GatedMlp> mlp = GatedMlp.ask(weights, spec, dense, layer);
                yield mlp::get;
            }
            case FeedForwardSpec.Experts experts -> MixtureOfExperts.ask(weights, spec, experts, layer);
        };
    }

    /** From {@code normed} into {@code output}. */
    void apply(StepBuffers step, WorkerPool pool);

    /** The matrices that one token is multiplied with. */
    Stream<Linear> matrices();
}
