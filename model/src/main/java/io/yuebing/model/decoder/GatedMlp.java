package io.yuebing.model.decoder;

import io.yuebing.kernels.Activations;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The feed-forward part of one layer: {@code down(silu(gate(x)) * up(x))} (Shazeer, 2020). */
record GatedMlp(int width, Linear gate, Linear up, Linear down) {

    static Supplier<GatedMlp> ask(WeightLoader weights, DecoderSpec spec, int layer) {
        Dimensions d = spec.dimensions();
        TensorNames names = spec.names();
        String prefix = names.layers() + layer + ".";
        Supplier<Linear> gate = weights.linear(prefix + names.gate(), d.intermediateSize(), d.hiddenSize(), false);
        Supplier<Linear> up = weights.linear(prefix + names.up(), d.intermediateSize(), d.hiddenSize(), false);
        Supplier<Linear> down = weights.linear(prefix + names.down(), d.hiddenSize(), d.intermediateSize(), false);
        return () -> new GatedMlp(d.intermediateSize(), gate.get(), up.get(), down.get());
    }

    /** From {@code normed} into {@code output}. */
    void apply(StepBuffers step, WorkerPool pool) {
        gate.apply(step.normed, step.rows(), step.gate, pool);
        up.apply(step.normed, step.rows(), step.up, pool);
        pool.run(step.rows(), row -> {
            int at = row * width;
            Activations.siluMul(step.gate, at, step.up, at, step.gate, at, width);
        });
        down.apply(step.gate, step.rows(), step.output, pool);
    }

    Stream<Linear> matrices() {
        return Stream.of(gate, up, down);
    }
}
