package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.QuantizedWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * Matrices in the block types of GGUF: {@code prefix.weight}, {@code [outputs][inputs]}.
 *
 * <p>The kernels keep the integer codes and the scales, so nothing is rounded. Types with an offset for each group become
 * codes around the middle and a small float matrix of the offsets.
 */
public record BlockFormat() implements LinearFormat {
    static final List<TensorType> TYPES = Arrays.stream(TensorType.values())
            .filter(type -> type.elements() > 1)
            .toList();

    @Override
    public boolean holds(Checkpoint checkpoint, String prefix) {
        return checkpoint
                .find(prefix + ".weight")
                .filter(tensor -> tensor.type().elements() > 1)
                .isPresent();
    }

    @Override
    public Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs) {
        return matrix(checkpoint.require(prefix + ".weight"), outputs, inputs);
    }

    static Stored matrix(TensorInfo tensor, int outputs, int inputs) {
        tensor.expect(TYPES, outputs, inputs);
        if ((long) outputs * inputs > Integer.MAX_VALUE) {
            throw new UserError(tensor.file() + ": tensor " + tensor.name() + " has " + outputs + " x " + inputs
                    + " weights; expected fewer than 2^31");
        }
        return new Matrix(tensor, codecOf(tensor.type()), outputs, inputs);
    }

    /** Bytes that a tensor takes as the kernels hold it: codes of 4 or 8 bits, and for each group a scale. */
    public static long loadedBytes(TensorInfo tensor) {
        BlockCodec codec = BlockCodec.ALL.get(tensor.type());
        if (codec == null) {
            return tensor.bytes();
        }
        long codes = codec.bits() <= 4 ? tensor.elements() / 2 : tensor.elements();
        long groups = tensor.elements() / codec.groupSize();
        // One number in half precision is exact in half precision again; a product of two need not be.
        int scaleBytes = tensor.type().elements() == codec.groupSize() ? Short.BYTES : Float.BYTES;
        return codes + groups * (scaleBytes + (codec.hasOffsets() ? Float.BYTES : 0));
    }

    private static BlockCodec codecOf(TensorType type) {
        BlockCodec codec = BlockCodec.ALL.get(type);
        if (codec == null) {
            throw new IllegalStateException("no block type: " + type);
        }
        return codec;
    }

    /** Widens {@code n} elements, whole blocks; the values are those of ggml's dequantisation. */
    static void widen(TensorType type, MemorySegment data, long firstElement, float[] into, int offset, int n) {
        BlockCodec codec = codecOf(type);
        int blocks = n / type.elements();
        byte[] bytes = new byte[blocks * type.bytes()];
        long at = firstElement / type.elements() * type.bytes();
        MemorySegment.copy(data, ValueLayout.JAVA_BYTE, at, bytes, 0, bytes.length);
        Block block = new Block();
        for (int b = 0; b < blocks; b++) {
            codec.decode(bytes, b * type.bytes(), block);
            for (int i = 0; i < type.elements(); i++) {
                int group = i / codec.groupSize();
                float value = block.scales()[group] * ((block.codes()[i] & 0xFF) - codec.zero());
                into[offset + b * type.elements() + i] = codec.hasOffsets() ? value + block.offsets()[group] : value;
            }
        }
    }

    /** The tensor of one layer. */
    private record Matrix(TensorInfo tensor, BlockCodec codec, int outputs, int inputs) implements Stored {
        @Override
        public long bytes() {
            return tensor.bytes();
        }

        @Override
        public Linear load(float[] bias, ComputeMode mode, Arena arena) {
            try (Arena mapping = Arena.ofConfined()) {
                Unpacked unpacked = new Unpacked(this);
                unpacked.read(Checkpoint.map(tensor, mapping));
                Linear codes = Linears.quantized(unpacked.weights(), bias, mode, arena);
                return codec.hasOffsets()
                        ? Linears.withOffsets(codes, codec.groupSize(), unpacked.offsets, arena)
                        : codes;
            }
        }
    }

    /** A matrix as codes, input-major as the kernels take them. */
    private static final class Unpacked {
        /** Rows that are turned together: a cache line of the result. */
        private static final int ROWS = 64;

        private final Matrix matrix;
        private final int zero;
        private final byte[] codes;
        private final float[] scales;
        private final float[] offsets;

        Unpacked(Matrix matrix) {
            BlockCodec codec = matrix.codec;
            int groups = matrix.inputs / codec.groupSize();
            this.matrix = matrix;
            // Codes on both sides of zero lose less where activations are rounded to 8 bits.
            this.zero = codec.hasOffsets() ? 1 << codec.bits() - 1 : codec.zero();
            this.codes = new byte[matrix.inputs * matrix.outputs];
            this.scales = new float[groups * matrix.outputs];
            this.offsets = new float[codec.hasOffsets() ? scales.length : 0];
        }

        QuantizedWeights weights() {
            byte[] zeros = new byte[scales.length];
            Arrays.fill(zeros, (byte) zero);
            return new QuantizedWeights(
                    matrix.outputs,
                    matrix.inputs,
                    matrix.codec.bits(),
                    matrix.codec.groupSize(),
                    codes,
                    scales,
                    zeros,
                    new int[0]);
        }

        void read(MemorySegment data) {
            TensorType type = matrix.tensor.type();
            int blocks = matrix.inputs / type.elements();
            int rowBytes = blocks * type.bytes();
            byte[] stored = new byte[rowBytes * Math.min(ROWS, matrix.outputs)];
            byte[] turned = new byte[type.elements() * ROWS];
            Block block = new Block();
            for (int firstRow = 0; firstRow < matrix.outputs; firstRow += ROWS) {
                int rows = Math.min(ROWS, matrix.outputs - firstRow);
                long at = (long) firstRow * rowBytes;
                MemorySegment.copy(data, ValueLayout.JAVA_BYTE, at, stored, 0, rows * rowBytes);
                for (int column = 0; column < blocks; column++) {
                    for (int row = 0; row < rows; row++) {
                        matrix.codec.decode(stored, row * rowBytes + column * type.bytes(), block);
                        keepGroups(block, firstRow + row, column);
                        for (int i = 0; i < type.elements(); i++) {
                            turned[i * ROWS + row] = block.codes()[i];
                        }
                    }
                    for (int i = 0; i < type.elements(); i++) {
                        int to = (column * type.elements() + i) * matrix.outputs + firstRow;
                        System.arraycopy(turned, i * ROWS, codes, to, rows);
                    }
                }
            }
        }

        private void keepGroups(Block block, int row, int column) {
            int groups = matrix.tensor.type().elements() / matrix.codec.groupSize();
            for (int group = 0; group < groups; group++) {
                float scale = block.scales()[group];
                float offset = matrix.codec.hasOffsets() ? block.offsets()[group] : 0;
                if (!Float.isFinite(scale) || !Float.isFinite(offset)) {
                    throw notFinite(row, column, Float.isFinite(scale) ? offset : scale);
                }
                int to = (column * groups + group) * matrix.outputs + row;
                scales[to] = scale;
                if (offsets.length > 0) {
                    offsets[to] = offset + scale * zero;
                }
            }
        }

        private UserError notFinite(int row, int column, float found) {
            TensorInfo tensor = matrix.tensor;
            long rowBytes = tensor.bytes() / matrix.outputs;
            long at = tensor.rows().stored(row, matrix.outputs) * rowBytes
                    + (long) column * tensor.type().bytes();
            return new UserError(tensor.file() + ": tensor " + tensor.name() + " at offset " + (tensor.offset() + at)
                    + ", row " + row + ": the scales of a block must be finite, found "
                    + found + "; fetch the file again");
        }
    }
}
