package io.yuebing.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Makes matrices from weights as they lie in model files.
 *
 * <p>Weights are copied into the arena in the order that the kernels read; the sources are not kept. Threads of the
 * worker pool read them, so the arena must be a shared or automatic one. Sources are little-endian, rows of
 * {@code inputs} elements; {@code bias} is empty or has {@code outputs} elements.
 */
public final class Linears {
    /** A cache line. */
    private static final int ALIGNMENT = 64;

    private Linears() {}

    /** Float weights; {@code rowMajor} is {@code [outputs][inputs]}. */
    public static Linear f32(int outputs, int inputs, MemorySegment rowMajor, float[] bias, Arena arena) {
        return floats(PanelEncoding.F32, outputs, inputs, rowMajor, bias, arena, null);
    }

    /** IEEE half-precision weights; {@code rowMajor} is {@code [outputs][inputs]}. */
    public static Linear f16(int outputs, int inputs, MemorySegment rowMajor, float[] bias, Arena arena) {
        return floats(PanelEncoding.F16, outputs, inputs, rowMajor, bias, arena, null);
    }

    /** bfloat16 weights; {@code rowMajor} is {@code [outputs][inputs]}. */
    public static Linear bf16(int outputs, int inputs, MemorySegment rowMajor, float[] bias, Arena arena) {
        return floats(PanelEncoding.BF16, outputs, inputs, rowMajor, bias, arena, null);
    }

    /** Quantised weights: codes up to 4 bits take 4 bits, larger ones 8. */
    public static Linear quantized(QuantizedWeights w, float[] bias, ComputeMode mode, Arena arena) {
        return quantized(w, bias, mode, arena, null);
    }

    static Linear quantized(
            QuantizedWeights w, float[] bias, ComputeMode mode, Arena arena, @Nullable Kernels kernels) {
        PanelShape shape = PanelPacker.shape(w);
        MemorySegment memory = arena.allocate(shape.bytes(), ALIGNMENT);
        PanelPacker.pack(shape, w, memory);
        return new PanelMatrix(shape, memory, padded(bias, shape), mode, w.inputOrder(), kernels);
    }

    static Linear floats(
            PanelEncoding encoding,
            int outputs,
            int inputs,
            MemorySegment rowMajor,
            float[] bias,
            Arena arena,
            @Nullable Kernels kernels) {
        if (outputs < 1 || inputs < 1) {
            throw new IllegalArgumentException("A matrix needs inputs and outputs, not " + outputs + " x " + inputs);
        }
        long expected = (long) outputs * inputs * encoding.bitsPerInput() / Byte.SIZE;
        if (rowMajor.byteSize() != expected) {
            throw new IllegalArgumentException("Weights of " + outputs + " x " + inputs + " " + encoding + " have "
                    + rowMajor.byteSize() + " bytes instead of " + expected);
        }
        PanelShape shape = PanelShape.unscaled(encoding, outputs, inputs);
        MemorySegment memory = arena.allocate(shape.bytes(), ALIGNMENT);
        PanelPacker.pack(shape, rowMajor, memory);
        return new PanelMatrix(shape, memory, padded(bias, shape), ComputeMode.F32, new int[0], kernels);
    }

    private static float[] padded(float[] bias, PanelShape shape) {
        if (bias.length != 0 && bias.length != shape.outputs()) {
            throw new IllegalArgumentException(
                    "The bias has " + bias.length + " elements instead of " + shape.outputs());
        }
        float[] padded = new float[shape.panels() * PanelShape.ROWS];
        System.arraycopy(bias, 0, padded, 0, bias.length);
        return padded;
    }
}
