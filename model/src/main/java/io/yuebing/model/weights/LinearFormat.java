package io.yuebing.model.weights;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import java.lang.foreign.Arena;

/** A way in which model files hold the matrix of a linear layer. */
public sealed interface LinearFormat
        permits FloatFormat,
                GptqFormat,
                AwqFormat,
                E4m3Format,
                Int8Format,
                PackedRowsFormat,
                Mxfp4Format,
                BitsAndBytesFormat,
                BlockFormat {

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
    default long weights(String kind, TensorInfo tensor) {
        return switch (kind) {
            case "qzeros", "scales", "g_idx" -> 0;
            case "weight_scale", "weight_scale_inv", "weight_zero_point", "weight_g_idx", "weight_shape" -> 0;
            case "input_scale", "input_zero_point", "input_scale_ub" -> 0;
            default -> tensor.elements();
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
