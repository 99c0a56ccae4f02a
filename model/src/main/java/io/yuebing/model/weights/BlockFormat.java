package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.kernels.CodeBands;
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
            codec.scales(bytes, b * type.bytes(), block);
            codec.codes(bytes, b * type.bytes(), block);
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
            try (TensorRows rows = TensorRows.open(tensor, outputs)) {
                Unpacked unpacked = new Unpacked(this, rows);
                unpacked.readScales();
                Linear codes = Linears.quantized(unpacked.weights(), bias, mode, arena);
                return codec.hasOffsets()
                        ? Linears.withOffsets(codes, codec.groupSize(), unpacked.offsets, arena)
                        : codes;
            }
        }
    }

    /** A matrix in the terms of the kernels: scales of the whole, codes of a band of rows at a time. */
    private static final class Unpacked implements CodeBands {
        private final Matrix matrix;
        private final TensorRows rows;
        private final Block block = new Block();
        private final byte[] stored;
        private final float[] scales;
        private final float[] offsets;

        Unpacked(Matrix matrix, TensorRows rows) {
            int groups = matrix.inputs / matrix.codec.groupSize();
            this.matrix = matrix;
            this.rows = rows;
            this.stored = new byte[Math.multiplyExact(Math.min(ROWS, matrix.outputs), rows.rowBytes())];
            this.scales = new float[groups * matrix.outputs];
            this.offsets = new float[matrix.codec.hasOffsets() ? scales.length : 0];
        }

        QuantizedWeights weights() {
            byte[] middle = {};
            return new QuantizedWeights(
                    matrix.outputs,
                    matrix.inputs,
                    matrix.codec.bits(),
                    matrix.codec.groupSize(),
                    this,
                    scales,
                    middle,
                    new int[0]);
        }

        /** Reads all scales and offsets: how they are held depends on all their values. */
        void readScales() {
            for (int firstRow = 0; firstRow < matrix.outputs; firstRow += ROWS) {
                int count = Math.min(ROWS, matrix.outputs - firstRow);
                rows.read(firstRow, count, stored);
                for (int row = 0; row < count; row++) {
                    int at = row * rows.rowBytes();
                    for (int column = 0; column < blocks(); column++) {
                        matrix.codec.scales(stored, at + column * type().bytes(), block);
                        keepGroups(firstRow + row, column);
                    }
                }
            }
        }

        @Override
        public void read(int firstRow, int count, byte[] into) {
            rows.read(firstRow, count, stored);
            byte[] codes = block.codes();
            for (int column = 0; column < blocks(); column++) {
                int to = column * type().elements() * count;
                for (int row = 0; row < count; row++) {
                    matrix.codec.codes(stored, row * rows.rowBytes() + column * type().bytes(), block);
                    for (int i = 0; i < type().elements(); i++) {
                        into[to + i * count + row] = codes[i];
                    }
                }
            }
        }

        private TensorType type() {
            return matrix.tensor.type();
        }

        /** Blocks of a row. */
        private int blocks() {
            return matrix.inputs / type().elements();
        }

        private void keepGroups(int row, int column) {
            int groups = type().elements() / matrix.codec.groupSize();
            int middle = 1 << matrix.codec.bits() - 1;
            for (int group = 0; group < groups; group++) {
                float scale = block.scales()[group];
                float offset = matrix.codec.hasOffsets() ? block.offsets()[group] : 0;
                if (!Float.isFinite(scale) || !Float.isFinite(offset)) {
                    throw notFinite(row, column, Float.isFinite(scale) ? offset : scale);
                }
                int to = (column * groups + group) * matrix.outputs + row;
                scales[to] = scale;
                if (offsets.length > 0) {
                    // Codes on both sides of zero lose less where activations are rounded to 8 bits.
                    offsets[to] = offset + scale * middle;
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
