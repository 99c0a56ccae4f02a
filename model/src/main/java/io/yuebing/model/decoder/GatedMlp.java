package io.yuebing.model.decoder;

import io.yuebing.kernels.Linear;
import io.yuebing.kernels.LinearGroup;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * {@code down(activation(gate(x)) * up(x))} (Shazeer, 2020).
 *
 * @param in gate and up, or one matrix with both
 */
record GatedMlp(int width, Activation activation, LinearGroup in, Linear down) implements FeedForward {

    static Supplier<GatedMlp> ask(WeightLoader weights, DecoderSpec spec, FeedForwardSpec.Dense dense, int layer) {
        TensorNames names = spec.names();
        int hidden = spec.hiddenSize();
        int width = dense.width();
        String down = names.of(TensorRole.DOWN, layer);
        if (!names.has(TensorRole.GATE_UP)) {
            String gate = names.of(TensorRole.GATE, layer);
            String up = names.of(TensorRole.UP, layer);
            return ask(weights, hidden, width, dense.activation(), dense.bias(), gate, up, down);
        }
        Supplier<Linear> both = weights.linear(names.of(TensorRole.GATE_UP, layer), 2 * width, hidden, dense.bias());
        Supplier<Linear> back = weights.linear(down, hidden, width, dense.bias());
        return () -> new GatedMlp(width, dense.activation(), LinearGroup.of(both.get()), back.get());
    }

    static Supplier<GatedMlp> ask(
            WeightLoader weights,
            int hidden,
            int width,
            Activation activation,
            boolean bias,
            String gateName,
            String upName,
            String downName) {
        Supplier<Linear> gate = weights.linear(gateName, width, hidden, bias);
        Supplier<Linear> up = weights.linear(upName, width, hidden, bias);
        Supplier<Linear> down = weights.linear(downName, hidden, width, bias);
        return () -> new GatedMlp(width, activation, LinearGroup.of(gate.get(), up.get()), down.get());
    }

    @Override
    public void apply(StepBuffers step, WorkerPool pool) {
        apply(step.normed, step.rows(), step.output, step, pool);
    }

    /** From the first {@code rows} of {@code x} into those of {@code y}. */
    void apply(float[] x, int rows, float[] y, StepBuffers step, WorkerPool pool) {
        boolean fused = in.members().size() == 1;
        in.apply(x, rows, pool, fused ? step.gateOnly() : step.gateAndUp());
        pool.run(rows, row -> {
            int at = row * width;
            if (fused) {
                activation.gate(step.gate, 2 * at, step.gate, 2 * at + width, step.up, at, width);
            } else {
                activation.gate(step.gate, at, step.up, at, step.up, at, width);
            }
        });
        down.apply(step.up, rows, y, pool);
    }

    @Override
    public Stream<Linear> matrices() {
        return Stream.concat(in.members().stream(), Stream.of(down));
    }
}
