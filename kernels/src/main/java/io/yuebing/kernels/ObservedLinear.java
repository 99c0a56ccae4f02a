package io.yuebing.kernels;

import java.util.List;

/**
 * A matrix that tells of the activations it is multiplied with; quantisation learns from them which weights matter.
 *
 * @param name what the observer calls the matrix
 * @param matrix does the work
 */
public record ObservedLinear(String name, Linear matrix, Observer observer) implements Linear {

    /** Told of activations. */
    @FunctionalInterface
    public interface Observer {
        /**
         * A product is about to be computed; called by the thread that asks for it.
         *
         * @param names the matrices that multiply these activations, in one go
         * @param x gives the activations, during the call only
         */
        void multiplied(List<String> names, ActivationRows x, int tokens);
    }

    /** Tells the observer, if there is one, of matrices that are multiplied together. */
    static void tell(List<Linear> matrices, ActivationRows x, int tokens) {
        if (matrices.getFirst() instanceof ObservedLinear first) {
            List<String> names = matrices.stream()
                    .filter(ObservedLinear.class::isInstance)
                    .map(matrix -> ((ObservedLinear) matrix).name())
                    .toList();
            first.observer().multiplied(names, x, tokens);
        }
    }

    @Override
    public int inputs() {
        return matrix.inputs();
    }

    @Override
    public int outputs() {
        return matrix.outputs();
    }

    @Override
    public long bytes() {
        return matrix.bytes();
    }

    @Override
    public PackedLinear packed() {
        return matrix.packed();
    }

    @Override
    public void apply(float[] x, int tokens, float[] y, WorkerPool pool) {
        int inputs = inputs();
        observer.multiplied(List.of(name), (token, to) -> System.arraycopy(x, token * inputs, to, 0, inputs), tokens);
        matrix.apply(x, tokens, y, pool);
    }

    @Override
    public void addTo(ActivationRows x, int tokens, float[] y, WorkerPool pool) {
        observer.multiplied(List.of(name), x, tokens);
        matrix.addTo(x, tokens, y, pool);
    }
}
