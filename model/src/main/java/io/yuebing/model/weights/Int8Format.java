package io.yuebing.model.weights;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.QuantizedWeights;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;

/**
 * Matrices as signed bytes, {@code w = scale * (code - zero)}.
 *
 * <pre>
 * weight             I8 [outputs][inputs]
 * weight_scale       F32, F16 or BF16, one for the tensor, each output or each group of inputs
 * weight_zero_point  I8, as many; absent: 0
 * </pre>
 */
record Int8Format(Blocks blocks) implements LinearFormat {
    private static final List<TensorType> CODES = List.of(TensorType.I8);

    /** Makes a signed byte an unsigned one that is larger by 128. */
    private static final int SIGN = 0x80;

    @Override
    public boolean holds(Checkpoint checkpoint, String prefix) {
        return checkpoint
                .find(prefix + ".weight")
                .filter(tensor -> !FloatFormat.TYPES.contains(tensor.type()))
                .isPresent();
    }

    @Override
    public Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs) {
        String zero = prefix + ".weight_zero_point";
        return new Matrix(
                outputs,
                inputs,
                checkpoint.require(prefix + ".weight").expect(CODES, outputs, inputs),
                ScaleGrid.find(checkpoint, prefix + ".weight_scale", FloatFormat.TYPES, blocks, outputs, inputs),
                checkpoint.find(zero).map(tensor -> ScaleGrid.find(checkpoint, zero, CODES, blocks, outputs, inputs)));
    }

    private record Matrix(int outputs, int inputs, TensorInfo weight, ScaleGrid scales, Optional<ScaleGrid> zeros)
            implements Stored {
        @Override
        public long bytes() {
            return weight.bytes() + scales.tensor().bytes();
        }

        @Override
        public Linear load(float[] bias, ComputeMode mode, Arena arena) {
            byte[] unsigned = zeros.map(ScaleGrid::bytes).orElse(new byte[0]);
            for (int i = 0; i < unsigned.length; i++) {
                unsigned[i] ^= (byte) SIGN;
            }
            byte[] meaning = CodeRows.same(Byte.SIZE, SIGN);
            try (CodeRows codes = new CodeRows(weight, outputs, Byte.SIZE, meaning, InputGroups.ascending(inputs))) {
                QuantizedWeights weights = new QuantizedWeights(
                        outputs, inputs, Byte.SIZE, scales.blockInputs(), codes, scales.floats(), unsigned, new int[0]);
                return Linears.quantized(weights, bias, mode, arena);
            }
        }
    }
}
