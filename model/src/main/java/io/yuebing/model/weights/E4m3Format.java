package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.kernels.CodeBands;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;

/**
 * Matrices as 8-bit floats, {@code w = scale * value}.
 *
 * <pre>
 * weight                            F8_E4M3 [outputs][inputs]
 * weight_scale or weight_scale_inv  F32, F16 or BF16, one for the tensor, each output or each block; both multiply
 * </pre>
 *
 * @param blocks which weights share a scale; empty: its shape tells whether all or those of an output
 */
record E4m3Format(Optional<Blocks> blocks) implements LinearFormat {
    private static final List<TensorType> CODES = List.of(TensorType.F8_E4M3);
    private static final int MAGNITUDE = 0x7F;

    @Override
    public boolean holds(Checkpoint checkpoint, String prefix) {
        return checkpoint
                .find(prefix + ".weight")
                .filter(tensor -> !FloatFormat.TYPES.contains(tensor.type()))
                .isPresent();
    }

    @Override
    public Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs) {
        TensorInfo weight = checkpoint.require(prefix + ".weight").expect(CODES, outputs, inputs);
        String inverse = prefix + ".weight_scale_inv";
        String name = checkpoint.find(inverse).isPresent() ? inverse : prefix + ".weight_scale";
        Blocks shared =
                blocks.orElseGet(() -> checkpoint.require(name).elements() == 1 ? Blocks.TENSOR : Blocks.CHANNEL);
        return new Matrix(
                outputs, inputs, weight, ScaleGrid.find(checkpoint, name, FloatFormat.TYPES, shared, outputs, inputs));
    }

    private record Matrix(int outputs, int inputs, TensorInfo weight, ScaleGrid scales) implements Stored {
        @Override
        public long bytes() {
            return weight.bytes() + scales.tensor().bytes();
        }

        @Override
        public Linear load(float[] bias, ComputeMode mode, Arena arena) {
            byte[] same = CodeRows.same(Byte.SIZE, 0);
            try (CodeRows rows = new CodeRows(weight, outputs, Byte.SIZE, same, InputGroups.ascending(inputs))) {
                CodeBands codes = (first, count, into) -> {
                    rows.read(first, count, into);
                    expectNumbers(into, first, count);
                };
                return Linears.e4m3(outputs, inputs, scales.blockInputs(), codes, scales.floats(), bias, arena);
            }
        }

        private void expectNumbers(byte[] codes, int firstOutput, int count) {
            for (int i = 0; i < inputs * count; i++) {
                if ((codes[i] & MAGNITUDE) == MAGNITUDE) {
                    throw new UserError(weight.file() + ": tensor " + weight.name() + " holds NaN at ["
                            + (firstOutput + i % count) + ", " + i / count
                            + "], expected finite weights; fetch the file again");
                }
            }
        }
    }
}
