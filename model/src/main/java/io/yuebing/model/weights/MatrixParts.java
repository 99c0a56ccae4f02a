package io.yuebing.model.weights;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.RowBands;
import io.yuebing.kernels.WorkerPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Parts of one matrix as matrices of their own, in floats: rows cannot be cut, nor turned round, where they are packed.
 *
 * <p>However the matrix is stored, its values are what it makes of unit vectors, which is exact. The parts are bfloat16
 * if all values are, else float.
 */
final class MatrixParts implements Supplier<List<Linear>> {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final float[] NO_BIAS = {};

    /** Unit vectors at a time. */
    private static final int UNITS = 16;

    private final LinearFormat.Stored stored;
    private final int outputs;
    private final int inputs;
    private final List<MatrixPart> parts;
    private volatile @Nullable List<Linear> loaded;

    MatrixParts(LinearFormat.Stored stored, int outputs, int inputs, List<MatrixPart> parts) {
        this.stored = stored;
        this.outputs = outputs;
        this.inputs = inputs;
        this.parts = List.copyOf(parts);
    }

    long bytes() {
        return stored.bytes();
    }

    /**
     * Reads the matrix.
     *
     * @param arena holds the parts
     */
    void load(Arena arena) {
        try (Arena whole = Arena.ofConfined()) {
            MemorySegment values = values(stored.load(NO_BIAS, ComputeMode.F32, whole), whole);
            boolean shorts = areBf16(values);
            List<Linear> linears = new ArrayList<>();
            for (MatrixPart part : parts) {
                linears.add(pack(part, values, shorts, arena));
            }
            loaded = linears;
        }
    }

    /** The values, {@code [inputs][outputs]}. */
    private MemorySegment values(Linear matrix, Arena arena) {
        MemorySegment values = arena.allocate((long) inputs * outputs * Float.BYTES, Float.BYTES);
        float[] columns = new float[UNITS * outputs];
        try (WorkerPool alone = WorkerPool.create(1)) {
            for (int first = 0; first < inputs; first += UNITS) {
                int count = Math.min(UNITS, inputs - first);
                float[] units = new float[UNITS * inputs];
                for (int i = 0; i < count; i++) {
                    units[i * inputs + first + i] = 1;
                }
                matrix.apply(units, count, columns, alone);
                long at = (long) first * outputs * Float.BYTES;
                MemorySegment.copy(columns, 0, values, FLOAT, at, count * outputs);
            }
        }
        return values;
    }

    private static boolean areBf16(MemorySegment values) {
        for (long i = 0; i < values.byteSize(); i += Float.BYTES) {
            if ((Float.floatToRawIntBits(values.get(FLOAT, i)) & 0xFFFF) != 0) {
                return false;
            }
        }
        return true;
    }

    private Linear pack(MatrixPart part, MemorySegment values, boolean shorts, Arena arena) {
        int rows = part.transposed() ? inputs : part.outputs();
        int columns = part.transposed() ? part.outputs() : inputs;
        int bytes = shorts ? Short.BYTES : Float.BYTES;
        MemorySegment rowMajor = MemorySegment.ofArray(new byte[Math.multiplyExact(rows * bytes, columns)]);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                int input = part.transposed() ? row : column;
                int output = part.firstOutput() + (part.transposed() ? column : row);
                float value = values.get(FLOAT, ((long) input * outputs + output) * Float.BYTES);
                long at = ((long) row * columns + column) * bytes;
                if (shorts) {
                    rowMajor.set(SHORT, at, (short) (Float.floatToRawIntBits(value) >>> Short.SIZE));
                } else {
                    rowMajor.set(FLOAT, at, value);
                }
            }
        }
        return shorts
                ? Linears.bf16(rows, columns, RowBands.of(rowMajor, rows), NO_BIAS, arena)
                : Linears.f32(rows, columns, RowBands.of(rowMajor, rows), NO_BIAS, arena);
    }

    @Override
    public List<Linear> get() {
        List<Linear> linears = loaded;
        if (linears == null) {
            throw new IllegalStateException("weights are asked for before they are loaded");
        }
        return linears;
    }
}
