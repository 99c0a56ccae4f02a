package io.yuebing.model.weights;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.RowBands;
import io.yuebing.kernels.Rows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Matrices as floats: {@code prefix.weight}, {@code [outputs][inputs]} of F32, F16 or BF16. */
public record FloatFormat() implements LinearFormat {
    public static final List<TensorType> TYPES = List.of(TensorType.F32, TensorType.F16, TensorType.BF16);

    @Override
    public boolean holds(Checkpoint checkpoint, String prefix) {
        return checkpoint
                .find(prefix + ".weight")
                .filter(tensor -> tensor.type().elements() == 1)
                .isPresent();
    }

    @Override
    public Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs) {
        return matrix(checkpoint.require(prefix + ".weight"), outputs, inputs);
    }

    static Stored matrix(TensorInfo tensor, int outputs, int inputs) {
        tensor.expect(TYPES, outputs, inputs);
        return new Matrix(tensor, outputs, inputs);
    }

    private record Matrix(TensorInfo tensor, int outputs, int inputs) implements Stored {
        @Override
        public long bytes() {
            return tensor.bytes();
        }

        @Override
        public Linear load(float[] bias, ComputeMode mode, Arena arena) {
            try (TensorRows rows = TensorRows.open(tensor, outputs)) {
                byte[] band = new byte[Math.multiplyExact(RowBands.ROWS, rows.rowBytes())];
                RowBands bands = (first, count) -> {
                    rows.read(first, count, band);
                    return MemorySegment.ofArray(band).asSlice(0, (long) count * rows.rowBytes());
                };
                return switch (tensor.type()) {
                    case F32 -> Linears.f32(outputs, inputs, bands, bias, arena);
                    case F16 -> Linears.f16(outputs, inputs, bands, bias, arena);
                    case BF16 -> Linears.bf16(outputs, inputs, bands, bias, arena);
                    default -> throw new IllegalStateException("not a float type: " + tensor.type());
                };
            }
        }
    }

    /** Widens {@code n} elements of a tensor of {@link #TYPES}; exact. */
    public static void widen(TensorType type, MemorySegment data, long firstElement, float[] into, int offset, int n) {
        long at = firstElement * type.bytes();
        switch (type) {
            case F32 -> Rows.f32ToFloat(data, at, into, offset, n);
            case F16 -> Rows.f16ToFloat(data, at, into, offset, n);
            case BF16 -> Rows.bf16ToFloat(data, at, into, offset, n);
            default -> throw new IllegalStateException("not a float type: " + type);
        }
    }

    /** All elements of a small tensor. */
    static float[] read(TensorInfo tensor) {
        try (Arena mapping = Arena.ofConfined()) {
            float[] values = new float[Math.toIntExact(tensor.elements())];
            widen(tensor.type(), Checkpoint.map(tensor, mapping), 0, values, 0, values.length);
            return values;
        }
    }
}
