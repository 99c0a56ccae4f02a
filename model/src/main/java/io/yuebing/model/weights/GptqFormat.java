package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.QuantizedWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Matrices quantised by GPTQ (Frantar et al., 2023) in the layout of AutoGPTQ, where {@code w = scale * (code - zero)}.
 *
 * <pre>
 * 32-bit words hold codes one after the other, the first in the lowest bits; 3-bit codes cross words
 * qweight  I32 [inputs * bits / 32][outputs]   codes, packed along the inputs
 * qzeros   I32 [groups][outputs * bits / 32]   zero points, packed along the outputs; v1 stores zero - 1
 * scales   F16 [groups][outputs]
 * g_idx    I32 [inputs]                        group of each input; absent: input / groupSize
 * </pre>
 */
public record GptqFormat(GptqConfig config) implements LinearFormat {
    @Override
    public boolean holds(Checkpoint checkpoint, String prefix) {
        return checkpoint.find(prefix + ".qweight").isPresent();
    }

    @Override
    public long weights(String kind, TensorInfo tensor) {
        return kind.equals("qweight")
                ? tensor.elements() * Integer.SIZE / config.bits()
                : LinearFormat.super.weights(kind, tensor);
    }

    @Override
    public Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs) {
        int bits = config.bits();
        int period = PackedInts.period(bits);
        TensorInfo qweight = checkpoint.require(prefix + ".qweight");
        if (inputs % period != 0 || outputs % period != 0 || (long) inputs * outputs > Integer.MAX_VALUE) {
            throw new UserError(qweight.file() + ": " + prefix + " has " + outputs + " x " + inputs
                    + " weights by config.json; gptq with " + bits + " bits needs multiples of " + period
                    + " and fewer than 2^31");
        }
        InputGroups groups = InputGroups.of(inputs, config.groupSize());
        return new Packed(
                outputs,
                groups,
                bits,
                config.zerosAsStored() ? 0 : 1,
                qweight.expect(PackedInts.TYPES, PackedInts.words(inputs, bits), outputs),
                checkpoint
                        .require(prefix + ".qzeros")
                        .expect(PackedInts.TYPES, groups.count(), PackedInts.words(outputs, bits)),
                checkpoint.require(prefix + ".scales").expect(FloatFormat.TYPES, groups.count(), outputs),
                checkpoint.find(prefix + ".g_idx").map(tensor -> tensor.expect(PackedInts.TYPES, inputs)));
    }

    /** The tensors of one layer. */
    record Packed(
            int outputs,
            InputGroups groups,
            int bits,
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
            int[] order = order();
            if (bits == Byte.SIZE / 2 && order.length == 0 && groups.groupSize() % Linears.NIBBLES_PER_WORD == 0) {
                try (Arena mapping = Arena.ofConfined()) {
                    MemorySegment words = Checkpoint.map(qweight, mapping);
                    float[] factors = FloatFormat.read(scales);
                    return Linears.nibbleWords(
                            outputs, groups.inputs(), groups.groupSize(), words, factors, zeros(), bias, mode, arena);
                }
            }
            try (Arena mapping = Arena.ofConfined()) {
                return Linears.quantized(unpack(order, mapping), bias, mode, arena);
            }
        }

        private int[] order() {
            return groupIndex
                    .map(tensor -> groups.order(tensor, PackedInts.read(tensor)))
                    .orElse(new int[0]);
        }

        /** The codes are read while the mapping lives. */
        QuantizedWeights unpack(Arena mapping) {
            return unpack(order(), mapping);
        }

        private QuantizedWeights unpack(int[] order, Arena mapping) {
            int[] placeOf = groups.places(order);
            MemorySegment words = Checkpoint.map(qweight, mapping);
            return new QuantizedWeights(
                    outputs,
                    groups.inputs(),
                    bits,
                    groups.groupSize(),
                    (first, count, into) -> unpack(words, first, count, placeOf, into),
                    FloatFormat.read(scales),
                    zeros(),
                    order);
        }

        private void unpack(MemorySegment words, int firstOutput, int count, int[] placeOf, byte[] into) {
            int[] low = new int[count];
            int[] high = new int[count];
            int row = -1;
            for (int input = 0; input < groups.inputs(); input++) {
                long bit = (long) input * bits;
                int shift = (int) (bit % Integer.SIZE);
                boolean crosses = shift + bits > Integer.SIZE;
                if (bit / Integer.SIZE != row) {
                    row = (int) (bit / Integer.SIZE);
                    readRow(words, row, firstOutput, low);
                }
                if (crosses) {
                    readRow(words, row + 1, firstOutput, high);
                }
                int at = placeOf[input] * count;
                for (int output = 0; output < count; output++) {
                    into[at + output] = (byte) PackedInts.code(low[output], high[output], shift, bits);
                }
            }
        }

        private void readRow(MemorySegment words, int row, int firstOutput, int[] to) {
            long from = ((long) row * outputs + firstOutput) * Integer.BYTES;
            MemorySegment.copy(words, PackedInts.INT, from, to, 0, to.length);
        }

        private byte[] zeros() {
            int mask = (1 << bits) - 1;
            int[] packed = PackedInts.read(qzeros); // rows are whole periods, so they follow each other without a gap
            byte[] zeros = new byte[groups.count() * outputs];
            for (int i = 0; i < zeros.length; i++) {
                long bit = (long) i * bits;
                int word = (int) (bit / Integer.SIZE);
                int high = word + 1 < packed.length ? packed[word + 1] : 0;
                int stored = PackedInts.code(packed[word], high, (int) (bit % Integer.SIZE), bits);
                zeros[i] = (byte) (stored + zeroOffset & mask);
            }
            return zeros;
        }
    }
}
