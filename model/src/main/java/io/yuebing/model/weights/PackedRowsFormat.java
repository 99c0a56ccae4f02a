package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.QuantizedWeights;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Matrices in compressed-tensors' format {@code pack-quantized}, {@code w = scale * (code - zero)}.
 *
 * <pre>
 * p = 32 / bits codes in each word, the first in the lowest bits; signed ones, stored larger by 2^(bits - 1)
 * weight_packed      I32 [outputs][ceil(inputs / p)]
 * weight_scale       F32, F16 or BF16 [outputs][groups]
 * weight_zero_point  I32 [ceil(outputs / p)][groups], packed along the outputs, or I8 [outputs][groups], as signed as
 *                    the codes; absent: 0
 * weight_g_idx       I32 [inputs]   group of each input; absent or -1: input / groupSize
 * </pre>
 *
 * @param bits 4 or 8
 * @param blocks which weights share a scale
 * @param symmetric there are no zero points
 */
record PackedRowsFormat(int bits, Blocks blocks, boolean symmetric) implements LinearFormat {
    private static final List<TensorType> BYTES = List.of(TensorType.I8);

    @Override
    public boolean holds(Checkpoint checkpoint, String prefix) {
        return checkpoint.find(prefix + ".weight_packed").isPresent();
    }

    @Override
    public long weights(String kind, TensorInfo tensor) {
        return kind.equals("weight_packed")
                ? tensor.elements() * Integer.SIZE / bits
                : LinearFormat.super.weights(kind, tensor);
    }

    @Override
    public Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs) {
        int perWord = Integer.SIZE / bits;
        ScaleGrid scales =
                ScaleGrid.find(checkpoint, prefix + ".weight_scale", FloatFormat.TYPES, blocks, outputs, inputs);
        return new Packed(
                outputs,
                new InputGroups(inputs, scales.blockInputs()),
                bits,
                checkpoint
                        .require(prefix + ".weight_packed")
                        .expect(PackedInts.TYPES, outputs, Math.ceilDiv(inputs, perWord)),
                scales,
                symmetric ? Optional.empty() : Optional.of(zeros(checkpoint, prefix, scales, perWord)),
                checkpoint.find(prefix + ".weight_g_idx").map(tensor -> tensor.expect(PackedInts.TYPES, inputs)));
    }

    private static TensorInfo zeros(Checkpoint checkpoint, String prefix, ScaleGrid scales, int perWord) {
        TensorInfo zeros = checkpoint.require(prefix + ".weight_zero_point");
        if (scales.blockOutputs() != 1) {
            throw new UserError(zeros.file() + ": tensor " + zeros.name()
                    + " is packed for a matrix with one scale; expected a scale for each output or group");
        }
        return zeros.type() == TensorType.I8
                ? zeros.expect(BYTES, scales.outputs(), scales.groups())
                : zeros.expect(PackedInts.TYPES, Math.ceilDiv(scales.outputs(), perWord), scales.groups());
    }

    private record Packed(
            int outputs,
            InputGroups groups,
            int bits,
            TensorInfo weight,
            ScaleGrid scales,
            Optional<TensorInfo> zeroPoints,
            Optional<TensorInfo> groupIndex)
            implements Stored {
        @Override
        public long bytes() {
            return weight.bytes() + scales.tensor().bytes();
        }

        @Override
        public Linear load(float[] bias, ComputeMode mode, Arena arena) {
            int[] order = groupIndex.map(this::order).orElse(new int[0]);
            byte[] meaning = CodeRows.same(bits, 0);
            try (CodeRows codes = new CodeRows(weight, outputs, bits, meaning, groups.places(order))) {
                QuantizedWeights weights = new QuantizedWeights(
                        outputs, groups.inputs(), bits, groups.groupSize(), codes, scales.floats(), zeros(), order);
                return Linears.quantized(weights, bias, mode, arena);
            }
        }

        private int[] order(TensorInfo tensor) {
            int[] groupOf = PackedInts.read(tensor);
            return IntStream.of(groupOf).allMatch(group -> group == -1) ? new int[0] : groups.order(tensor, groupOf);
        }

        /** Zero points as unsigned as the codes, {@code [groups][outputs]}; empty if they are the middle. */
        private byte[] zeros() {
            if (zeroPoints.isEmpty()) {
                return new byte[0];
            }
            byte[] zeros = new byte[groups.count() * outputs];
            int middle = 1 << (bits - 1);
            TensorInfo tensor = zeroPoints.get();
            boolean packed = tensor.type() == TensorType.I32;
            int[] words = packed ? PackedInts.read(tensor) : new int[0];
            byte[] signed = packed ? new byte[0] : CodeRows.bytes(tensor);
            int perWord = Integer.SIZE / bits;
            int mask = (1 << bits) - 1;
            for (int group = 0; group < groups.count(); group++) {
                for (int output = 0; output < outputs; output++) {
                    int zero = packed
                            ? words[output / perWord * groups.count() + group] >>> output % perWord * bits
                            : signed[output * groups.count() + group] + middle;
                    zeros[group * outputs + output] = (byte) (zero & mask);
                }
            }
            return zeros;
        }
    }
}
