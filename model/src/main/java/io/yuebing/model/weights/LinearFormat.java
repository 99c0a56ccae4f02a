package io.yuebing.model.weights;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import java.lang.foreign.Arena;

/** A way in which model files hold the matrix of a linear layer. */
public sealed interface LinearFormat permits FloatFormat, GptqFormat, AwqFormat, BlockFormat {

    /** Whether the layer whose tensors start with {@code prefix} is held so. */
    boolean holds(Checkpoint checkpoint, String prefix);

    /**
     * Checks names, types and shapes of a layer's tensors, without reading their data.
     *
     * @param prefix for example {@code model.layers.0.mlp.up_proj}
     */
    Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs);

    /**
     * How many weights a tensor of a layer holds; none if it only tells how to read another one.
     *
     * @param kind end of its name, for example {@code qweight}
     */
    default long weights(String kind, long elements) {
        return switch (kind) {
            case "qzeros", "scales", "g_idx" -> 0;
            default -> elements;
        };
    }

    /** The tensors of one layer, checked and ready to be read. */
    interface Stored {
        /** Bytes that {@link #load} reads. */
        long bytes();

        /**
         * Reads the data.
         *
         * @param bias empty or one value for each output
         * @param arena holds the matrix that the kernels use
         */
        Linear load(float[] bias, ComputeMode mode, Arena arena);
    }
}
