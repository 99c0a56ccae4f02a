package io.yuebing.model.decoder;

import io.yuebing.kernels.Activations;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Experts of which each token uses a few.
 *
 * <p>The tokens of a step that use the same expert are multiplied together, and an expert that none uses is not read. A
 * token's experts are added in the order of their numbers, whoever else uses them.
 */
record MixtureOfExperts(
        int hiddenSize, Router router, Linear scores, List<GatedMlp> experts, Optional<SharedExpert> shared)
        implements FeedForward {

    /**
     * The expert that every token uses.
     *
     * @param gate one row whose product's sigmoid weighs the expert
     */
    record SharedExpert(GatedMlp mlp, Optional<Linear> gate) {}

    static Supplier<FeedForward> ask(
            WeightLoader weights, DecoderSpec spec, FeedForwardSpec.Experts declared, int layer) {
        TensorNames names = spec.names();
        int hidden = spec.hiddenSize();
        Supplier<Linear> scores = weights.linear(names.of(TensorRole.ROUTER, layer), declared.experts(), hidden, false);
        float[] correction = names.has(TensorRole.ROUTER_CORRECTION)
                ? weights.vector(names.of(TensorRole.ROUTER_CORRECTION, layer), declared.experts())
                : new float[0];
        List<Supplier<GatedMlp>> experts = new ArrayList<>();
        for (int expert = 0; expert < declared.experts(); expert++) {
            String prefix = names.of(TensorRole.EXPERTS, layer) + expert + ".";
            experts.add(askExpert(weights, spec, prefix, declared.expertWidth(), declared.activation()));
        }
        Supplier<Optional<SharedExpert>> shared = askShared(weights, spec, declared, layer);
        Router router = new Router(declared.experts(), declared.routing(), correction);
        return () -> new MixtureOfExperts(
                hidden,
                router,
                scores.get(),
                experts.stream().map(Supplier::get).toList(),
                shared.get());
    }

    private static Supplier<Optional<SharedExpert>> askShared(
            WeightLoader weights, DecoderSpec spec, FeedForwardSpec.Experts declared, int layer) {
        TensorNames names = spec.names();
        if (declared.sharedWidth() == 0) {
            return Optional::empty;
        }
        String prefix = names.of(TensorRole.SHARED_EXPERT, layer);
        Supplier<GatedMlp> mlp = askExpert(weights, spec, prefix, declared.sharedWidth(), declared.activation());
        Optional<Supplier<Linear>> gate = names.has(TensorRole.SHARED_EXPERT_GATE)
                ? Optional.of(
                        weights.linear(names.of(TensorRole.SHARED_EXPERT_GATE, layer), 1, spec.hiddenSize(), false))
                : Optional.empty();
        return () -> Optional.of(new SharedExpert(mlp.get(), gate.map(Supplier::get)));
    }

    private static Supplier<GatedMlp> askExpert(
            WeightLoader weights, DecoderSpec spec, String prefix, int width, Activation activation) {
        TensorNames names = spec.names();
        return GatedMlp.ask(
                weights,
                spec.hiddenSize(),
                width,
                activation,
                false,
                prefix + names.end(TensorRole.EXPERT_GATE),
                prefix + names.end(TensorRole.EXPERT_UP),
                prefix + names.end(TensorRole.EXPERT_DOWN));
    }

    @Override
    public void apply(StepBuffers step, WorkerPool pool) {
        ExpertBuffers buffers = step.experts;
        int chosen = router.routing().chosen();
        scores.apply(step.normed, step.rows(), buffers.weights, pool);
        pool.run(
                step.rows(),
                row -> router.choose(buffers.weights, row * router.experts(), buffers.chosen, row * chosen));
        Arrays.fill(buffers.sum, 0, step.rows() * hiddenSize, 0);
        buffers.groupByExpert(step.rows(), chosen);
        for (int expert = 0; expert < experts.size(); expert++) {
            if (buffers.rowsOf(expert) > 0) {
                addExpert(expert, step, pool);
            }
        }
        shared.ifPresent(expert -> addShared(expert, step, pool));
        System.arraycopy(buffers.sum, 0, step.output, 0, step.rows() * hiddenSize);
    }

    private void addExpert(int expert, StepBuffers step, WorkerPool pool) {
        ExpertBuffers buffers = step.experts;
        int rows = buffers.rowsOf(expert);
        int first = buffers.firstOf(expert);
        for (int i = 0; i < rows; i++) {
            int row = buffers.rows[first + i];
            System.arraycopy(step.normed, row * hiddenSize, buffers.in, i * hiddenSize, hiddenSize);
        }
        experts.get(expert).apply(buffers.in, rows, step.output, step, pool);
        pool.run(rows, i -> {
            int row = buffers.rows[first + i];
            float weight = buffers.weights[row * router.experts() + expert];
            Activations.addScaled(buffers.sum, row * hiddenSize, weight, step.output, i * hiddenSize, hiddenSize);
        });
    }

    private void addShared(SharedExpert expert, StepBuffers step, WorkerPool pool) {
        ExpertBuffers buffers = step.experts;
        expert.mlp().apply(step.normed, step.rows(), step.output, step, pool);
        expert.gate().ifPresent(gate -> gate.apply(step.normed, step.rows(), buffers.weights, pool));
        pool.run(step.rows(), row -> {
            float weight = expert.gate().isPresent() ? Activations.sigmoid(buffers.weights[row]) : 1;
            int at = row * hiddenSize;
            Activations.addScaled(buffers.sum, at, weight, step.output, at, hiddenSize);
        });
    }

    @Override
    public Stream<Linear> matrices() {
        Stream<Linear> chosen =
                experts.stream().limit(router.routing().chosen()).flatMap(GatedMlp::matrices);
        Stream<Linear> all =
                shared.stream().flatMap(expert -> Stream.concat(expert.mlp().matrices(), expert.gate().stream()));
        return Stream.of(Stream.of(scores), chosen, all).flatMap(matrices -> matrices);
    }
}
