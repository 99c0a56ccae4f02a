package io.yuebing.model.decoder;

import io.yuebing.kernels.ActivationRows;
import io.yuebing.kernels.Activations;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.LinearGroup;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The feed-forward part of one layer: {@code down(silu(gate(x)) * up(x))} (Shazeer, 2020). */
final class GatedMlp {
    private final int width;
    private final LinearGroup gateAndUp;
    private final Linear down;
    private final StepBuffers step;
    private final ActivationRows gated = this::gate;

    private GatedMlp(int width, LinearGroup gateAndUp, Linear down, StepBuffers step) {
        this.width = width;
        this.gateAndUp = gateAndUp;
        this.down = down;
        this.step = step;
    }

    static Function<StepBuffers, GatedMlp> ask(WeightLoader weights, DecoderSpec spec, int layer) {
        Dimensions d = spec.dimensions();
        TensorNames names = spec.names();
        String prefix = names.layers() + layer + ".";
        Supplier<Linear> gate = weights.linear(prefix + names.gate(), d.intermediateSize(), d.hiddenSize(), false);
        Supplier<Linear> up = weights.linear(prefix + names.up(), d.intermediateSize(), d.hiddenSize(), false);
        Supplier<Linear> down = weights.linear(prefix + names.down(), d.hiddenSize(), d.intermediateSize(), false);
        return step -> new GatedMlp(d.intermediateSize(), LinearGroup.of(gate.get(), up.get()), down.get(), step);
    }

    /** From {@code x} to the residual stream. */
    void apply(ActivationRows x, WorkerPool pool) {
        gateAndUp.apply(x, step.rows(), pool, step.gateAndUp());
        down.addTo(gated, step.rows(), step.hidden, pool);
    }

    private void gate(int row, float[] to) {
        int at = row * width;
        Activations.siluMul(step.gate, at, step.up, at, to, 0, width);
    }

    Stream<Linear> matrices() {
        return Stream.concat(gateAndUp.members().stream(), Stream.of(down));
    }
}
