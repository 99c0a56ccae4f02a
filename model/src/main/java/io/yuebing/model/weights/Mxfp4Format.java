package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.QuantizedWeights;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * Matrices of the OCP Microscaling format MXFP4 as compressed-tensors holds them: 4-bit floats of 2 exponent bits and 1
 * fraction bit, {@code w = 2^(scale - 127) * value}.
 *
 * <pre>
 * weight_packed  U8 [outputs][inputs / 2]    the first of two in the low bits
 * weight_scale   U8 [outputs][inputs / 32]   power of two
 * </pre>
 *
 * Twice the values are whole numbers up to 12, so the kernels take them as 8-bit codes, without rounding.
 */
record Mxfp4Format() implements LinearFormat {
    private static final int BITS = 4;
    private static final int GROUP = 32;
    private static final List<TensorType> BYTES = List.of(TensorType.U8);
    private static final int[] TWICE_THE_VALUE = {0, 1, 2, 3, 4, 6, 8, 12};
    private static final int MIDDLE = 128;
    private static final int NAN = 0xFF;

    @Override
    public boolean holds(Checkpoint checkpoint, String prefix) {
        return checkpoint.find(prefix + ".weight_packed").isPresent();
    }

    @Override
    public long weights(String kind, TensorInfo tensor) {
        return kind.equals("weight_packed") ? 2 * tensor.elements() : LinearFormat.super.weights(kind, tensor);
    }

    @Override
    public Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs) {
        TensorInfo weight = checkpoint.require(prefix + ".weight_packed");
        if (inputs % GROUP != 0) {
            throw new UserError(weight.file() + ": " + prefix + " has " + inputs
                    + " inputs by config.json; mxfp4 needs a multiple of " + GROUP);
        }
        return new Packed(
                outputs,
                inputs,
                weight.expect(BYTES, outputs, inputs / 2),
                ScaleGrid.find(checkpoint, prefix + ".weight_scale", BYTES, new Blocks(1, GROUP), outputs, inputs));
    }

    private record Packed(int outputs, int inputs, TensorInfo weight, ScaleGrid scales) implements Stored {
        @Override
        public long bytes() {
            return weight.bytes() + scales.tensor().bytes();
        }

        @Override
        public Linear load(float[] bias, ComputeMode mode, Arena arena) {
            byte[] middle = {};
            try (CodeRows codes = new CodeRows(weight, outputs, BITS, codes(), InputGroups.ascending(inputs))) {
                QuantizedWeights weights =
                        new QuantizedWeights(outputs, inputs, Byte.SIZE, GROUP, codes, powers(), middle, new int[0]);
                return Linears.quantized(weights, bias, mode, arena);
            }
        }

        private static byte[] codes() {
            byte[] codes = new byte[1 << BITS];
            for (int i = 0; i < codes.length; i++) {
                int twice = TWICE_THE_VALUE[i % TWICE_THE_VALUE.length];
                codes[i] = (byte) (i < TWICE_THE_VALUE.length ? MIDDLE + twice : MIDDLE - twice);
            }
            return codes;
        }

        /** Half the scales, since the codes are twice the values. */
        private float[] powers() {
            byte[] exponents = scales.bytes();
            float[] powers = new float[exponents.length];
            for (int i = 0; i < powers.length; i++) {
                int exponent = exponents[i] & 0xFF;
                if (exponent == NAN) {
                    throw new UserError(scales.tensor().file() + ": tensor "
                            + scales.tensor().name() + " holds NaN for output " + i % outputs + ", group "
                            + i / outputs + ", expected a finite scale; fetch the file again");
                }
                powers[i] = Math.scalb(1f, exponent - 128);
            }
            return powers;
        }
    }
}
