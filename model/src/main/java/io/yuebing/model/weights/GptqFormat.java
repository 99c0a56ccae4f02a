package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.QuantizedWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/**
 * Matrices quantised by GPTQ (Frantar et al., 2023) in the layout of AutoGPTQ, where {@code w = scale * (code - zero)}.
 *
 * <pre>
 * p = 32 / bits codes in each int, the first in the lowest bits
 * qweight  I32 [inputs / p][outputs]   codes, packed along the inputs
 * qzeros   I32 [groups][outputs / p]   zero points, packed along the outputs; v1 stores zero - 1
 * scales   F16 [groups][outputs]
 * g_idx    I32 [inputs]                group of each input; absent: input / groupSize
 * </pre>
 *
 * <p>The kernels want the inputs of a group side by side, so act-order ({@code g_idx} not ascending) becomes a
 * permutation of the inputs.
 */
public record GptqFormat(GptqConfig config) implements LinearFormat {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final List<TensorType> INTS = List.of(TensorType.I32);

    @Override
    public boolean holds(Checkpoint checkpoint, String prefix) {
        return checkpoint.find(prefix + ".qweight").isPresent();
    }

    @Override
    public Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs) {
        int perInt = Integer.SIZE / config.bits();
        TensorInfo qweight = checkpoint.require(prefix + ".qweight");
        if (inputs % perInt != 0 || outputs % perInt != 0 || (long) inputs * outputs > Integer.MAX_VALUE) {
            throw new UserError(qweight.file() + ": " + prefix + " has " + outputs + " x " + inputs
                    + " weights by config.json; gptq needs multiples of " + perInt + " and fewer than 2^31");
        }
        int groupSize = config.groupSize() == GptqConfig.WHOLE_COLUMN ? inputs : Math.min(config.groupSize(), inputs);
        int groups = Math.ceilDiv(inputs, groupSize);
        return new Packed(
                outputs,
                inputs,
                config.bits(),
                groupSize,
                config.zerosAsStored() ? 0 : 1,
                qweight.expect(INTS, inputs / perInt, outputs),
                checkpoint.require(prefix + ".qzeros").expect(INTS, groups, outputs / perInt),
                checkpoint.require(prefix + ".scales").expect(FloatFormat.TYPES, groups, outputs),
                checkpoint.find(prefix + ".g_idx").map(tensor -> tensor.expect(INTS, inputs)));
    }

    /** The tensors of one layer. */
    record Packed(
            int outputs,
            int inputs,
            int bits,
            int groupSize,
            int zeroOffset,
            TensorInfo qweight,
            TensorInfo qzeros,
            TensorInfo scales,
            Optional<TensorInfo> groupIndex)
            implements Stored {

        @Override
        public long bytes() {
            return qweight.bytes() + qzeros.bytes() + scales.bytes();
        }

        @Override
        public Linear load(float[] bias, ComputeMode mode, Arena arena) {
            return Linears.quantized(unpack(), bias, mode, arena);
        }

        QuantizedWeights unpack() {
            int[] order = inputOrder();
            return new QuantizedWeights(
                    outputs, inputs, bits, groupSize, codes(order), FloatFormat.read(scales), zeros(), order);
        }

        /** Inputs sorted by group, stably; empty if they are already. */
        private int[] inputOrder() {
            if (groupIndex.isEmpty()) {
                return new int[0];
            }
            int[] groupOf = ints(groupIndex.get());
            int[] next = firstPlaces(groupIndex.get(), groupOf);
            int[] order = new int[inputs];
            boolean identity = true;
            for (int input = 0; input < inputs; input++) {
                int place = next[groupOf[input]]++;
                order[place] = input;
                identity &= place == input;
            }
            return identity ? new int[0] : order;
        }

        /** For each group its first place in the sorted order, after checking that the groups are whole. */
        private int[] firstPlaces(TensorInfo tensor, int[] groupOf) {
            int groups = Math.ceilDiv(inputs, groupSize);
            int[] counts = new int[groups];
            for (int input = 0; input < inputs; input++) {
                int group = groupOf[input];
                if (group < 0 || group >= groups) {
                    throw new UserError(tensor.file() + ": tensor " + tensor.name() + " names group " + group
                            + " at index " + input + " (offset " + (tensor.offset() + 4L * input)
                            + "), expected a group in [0, " + (groups - 1) + "]");
                }
                counts[group]++;
            }
            int[] first = new int[groups];
            for (int group = 0, place = 0; group < groups; group++) {
                int expected = Math.min(groupSize, inputs - group * groupSize);
                if (counts[group] != expected) {
                    throw new UserError(tensor.file() + ": tensor " + tensor.name() + " gives group " + group + " "
                            + counts[group] + " inputs, expected " + expected + " by the group size");
                }
                first[group] = place;
                place += expected;
            }
            return first;
        }

        private byte[] codes(int[] order) {
            int perInt = Integer.SIZE / bits;
            int mask = (1 << bits) - 1;
            int[] placeOf = inverse(order);
            byte[] codes = new byte[inputs * outputs];
            int[] packed = new int[outputs];
            try (Arena mapping = Arena.ofConfined()) {
                MemorySegment data = Checkpoint.map(qweight, mapping);
                for (int input = 0; input < inputs; input++) {
                    if (input % perInt == 0) {
                        long row = (long) (input / perInt) * outputs * Integer.BYTES;
                        MemorySegment.copy(data, INT, row, packed, 0, outputs);
                    }
                    int shift = input % perInt * bits;
                    int at = placeOf[input] * outputs;
                    for (int output = 0; output < outputs; output++) {
                        codes[at + output] = (byte) (packed[output] >>> shift & mask);
                    }
                }
            }
            return codes;
        }

        private int[] inverse(int[] order) {
            int[] placeOf = new int[inputs];
            for (int place = 0; place < inputs; place++) {
                placeOf[order.length == 0 ? place : order[place]] = place;
            }
            return placeOf;
        }

        private byte[] zeros() {
            int perInt = Integer.SIZE / bits;
            int mask = (1 << bits) - 1;
            int[] packed = ints(qzeros);
            byte[] zeros = new byte[packed.length * perInt];
            for (int i = 0; i < zeros.length; i++) {
                int stored = packed[i / perInt] >>> i % perInt * bits;
                zeros[i] = (byte) (stored + zeroOffset & mask);
            }
            return zeros;
        }

        private static int[] ints(TensorInfo tensor) {
            try (Arena mapping = Arena.ofConfined()) {
                int[] values = new int[Math.toIntExact(tensor.elements())];
                MemorySegment.copy(Checkpoint.map(tensor, mapping), INT, 0, values, 0, values.length);
                return values;
            }
        }
    }
}
