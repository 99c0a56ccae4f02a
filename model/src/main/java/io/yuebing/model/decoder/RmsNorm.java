package io.yuebing.model.decoder;

import io.yuebing.kernels.Norms;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.weights.WeightLoader;
import java.util.Optional;

/** A root mean square norm with its weights. */
@SuppressWarnings("ArrayRecordComponent") // norms are never compared
record RmsNorm(float[] weight, float eps) {

    /** Reads the norm of a layer. */
    static RmsNorm read(WeightLoader weights, DecoderSpec spec, TensorRole role, int layer, int size) {
        return read(weights, spec, spec.names().of(role, layer), size);
    }

    /** Reads the norm of a layer if the family has it. */
    static Optional<RmsNorm> readIfNamed(WeightLoader weights, DecoderSpec spec, TensorRole role, int layer, int size) {
        return spec.names().has(role) ? Optional.of(read(weights, spec, role, layer, size)) : Optional.empty();
    }

    static RmsNorm read(WeightLoader weights, DecoderSpec spec, String name, int size) {
        float[] weight = weights.vector(name, size);
        for (int i = 0; i < size; i++) {
            weight[i] += spec.normOffset();
        }
        return new RmsNorm(weight, spec.normEps());
    }

    /** Normalises one row, which may be replaced. */
    void apply(float[] x, int offset, float[] out, int outOffset) {
        Norms.rms(x, offset, weight.length, weight, eps, out, outOffset);
    }

    /** Normalises rows that follow each other from index 0 on. */
    void apply(float[] x, int rows, float[] out, WorkerPool pool) {
        pool.run(rows, row -> apply(x, row * weight.length, out, row * weight.length));
    }
}
