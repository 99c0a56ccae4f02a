package io.yuebing.model.quantize;

import io.yuebing.kernels.ActivationRows;
import io.yuebing.kernels.ObservedLinear;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Collects what the matrices of one layer are multiplied with. */
final class CalibratedLayer implements ObservedLinear.Observer {
    private final Map<String, Integer> inputs = new HashMap<>();
    private final Map<String, Hessian> hessians = new HashMap<>();
    private final WorkerPool pool;
    private boolean observing;

    /** @param matrices that are to be quantised */
    CalibratedLayer(List<WeightLoader.Asked> matrices, WorkerPool pool) {
        matrices.forEach(matrix -> inputs.put(matrix.name(), matrix.inputs()));
        this.pool = pool;
    }

    /** Looks from now on, or looks away. */
    void observe(boolean on) {
        observing = on;
    }

    /** Matrices that are multiplied together share a Hessian. */
    @Override
    public void multiplied(List<String> names, ActivationRows x, int tokens) {
        List<String> known = names.stream().filter(inputs::containsKey).toList();
        if (!observing || known.isEmpty()) {
            return;
        }
        Hessian hessian =
                hessians.computeIfAbsent(known.getFirst(), name -> new Hessian(inputs.getOrDefault(name, 0), pool));
        known.forEach(name -> hessians.put(name, hessian));
        hessian.add(x, tokens);
    }

    /** What was seen of a matrix; empty if it was not used. */
    Optional<Hessian> of(String name) {
        return Optional.ofNullable(hessians.get(name));
    }
}
