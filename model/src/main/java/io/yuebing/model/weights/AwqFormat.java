package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.QuantizedWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Matrices quantised by AWQ (Lin et al., 2024) in AutoAWQ's layout {@code gemm}, where {@code w = scale * (code - zero)}.
 *
 * <pre>
 * qweight  I32 [inputs][outputs / 8]   4-bit codes, packed along the outputs
 * qzeros   I32 [groups][outputs / 8]   zero points, packed likewise
 * scales   F16 [groups][outputs]
 *
 * bits of a word   0-3  4-7  8-11  12-15  16-19  20-23  24-27  28-31
 * output            0    2    4     6      1      3      5      7      (of the word's eight)
 * </pre>
 *
 * @param groupSize inputs that share a scale; {@link GptqConfig#WHOLE_COLUMN} = all
 */
public record AwqFormat(int groupSize) implements LinearFormat {
    static final int BITS = 4;

    private static final int PER_WORD = Integer.SIZE / BITS;
    private static final int MASK = (1 << BITS) - 1;

    @Override
    public boolean holds(Checkpoint checkpoint, String prefix) {
        return checkpoint.find(prefix + ".qweight").isPresent();
    }

    @Override
    public long weights(String kind, TensorInfo tensor) {
        return kind.equals("qweight") ? tensor.elements() * PER_WORD : LinearFormat.super.weights(kind, tensor);
    }

    @Override
    public Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs) {
        TensorInfo qweight = checkpoint.require(prefix + ".qweight");
        if (outputs % PER_WORD != 0 || (long) inputs * outputs > Integer.MAX_VALUE) {
            throw new UserError(qweight.file() + ": " + prefix + " has " + outputs + " x " + inputs
                    + " weights by config.json; awq needs outputs in multiples of " + PER_WORD
                    + " and fewer than 2^31 weights");
        }
        InputGroups groups = InputGroups.of(inputs, groupSize);
        return new Packed(
                outputs,
                groups,
                qweight.expect(PackedInts.TYPES, inputs, outputs / PER_WORD),
                checkpoint.require(prefix + ".qzeros").expect(PackedInts.TYPES, groups.count(), outputs / PER_WORD),
                checkpoint.require(prefix + ".scales").expect(FloatFormat.TYPES, groups.count(), outputs));
    }

    private record Packed(int outputs, InputGroups groups, TensorInfo qweight, TensorInfo qzeros, TensorInfo scales)
            implements Stored {
        @Override
        public long bytes() {
            return qweight.bytes() + qzeros.bytes() + scales.bytes();
        }

        @Override
        public Linear load(float[] bias, ComputeMode mode, Arena arena) {
            try (Arena mapping = Arena.ofConfined()) {
                MemorySegment codes = Checkpoint.map(qweight, mapping);
                byte[] zeros = new byte[groups.count() * outputs];
                unpack(Checkpoint.map(qzeros, mapping), groups.count(), 0, outputs, zeros);
                QuantizedWeights weights = new QuantizedWeights(
                        outputs,
                        groups.inputs(),
                        BITS,
                        groups.groupSize(),
                        (first, count, into) -> unpack(codes, groups.inputs(), first, count, into),
                        FloatFormat.read(scales),
                        zeros,
                        new int[0]);
                return Linears.quantized(weights, bias, mode, arena);
            }
        }

        /** Takes the codes of some outputs, whole words, from all lines of a tensor. */
        private void unpack(MemorySegment words, int lines, int firstOutput, int count, byte[] into) {
            for (int line = 0; line < lines; line++) {
                long from = ((long) line * outputs + firstOutput) / PER_WORD * Integer.BYTES;
                int at = line * count;
                for (int end = at + count; at < end; at += PER_WORD, from += Integer.BYTES) {
                    int word = words.get(PackedInts.INT, from);
                    for (int i = 0; i < PER_WORD; i++) {
                        int output = i < PER_WORD / 2 ? 2 * i : 2 * i - PER_WORD + 1;
                        into[at + output] = (byte) (word >>> i * BITS & MASK);
                    }
                }
            }
        }
    }
}
