package io.yuebing.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Makes matrices from weights as they lie in model files.
 *
 * <p>Weights are copied into the arena in the order that the kernels read; the sources are not kept. Threads of the
 * worker pool read them, so the arena must be a shared or automatic one. {@code bias} is empty or has {@code outputs} elements.
 */
public final class Linears {
    /** A cache line. */
    private static final int ALIGNMENT = 64;

    /** Raised when packed bytes change their order or meaning, so that old files are packed anew. */
    public static final int PACKING_VERSION = 1;

    private Linears() {}

    /**
     * Uses a matrix that was packed before, in its place.
     *
     * @param packed from {@link Linear#packed}, of this version and byte order; the memory stays the caller's and must
     *     be aligned to 4 bytes
     * @param bias empty or {@code outputs} elements
     * @throws IllegalArgumentException if form and parts do not fit together
     */
    public static Linear ofPacked(PackedLinear packed, float[] bias) {
        if (OffsetMatrix.isForm(packed.form())) {
            return OffsetMatrix.of(packed, bias);
        }
        PanelForm form = PanelForm.parse(packed.form());
        PanelShape shape = form.shape();
        if (packed.parts().size() != 2 || packed.parts().get(0).byteSize() != shape.bytes()) {
            throw new IllegalArgumentException(
                    "The parts do not have the " + shape.bytes() + " bytes of '" + packed.form() + "'");
        }
        int[] order = packed.parts().get(1).toArray(ValueLayout.JAVA_INT_UNALIGNED);
        if (order.length != 0 && order.length != shape.inputs()) {
            throw new IllegalArgumentException("The order names " + order.length + " of " + shape.inputs() + " inputs");
        }
        for (int input : order) {
            if (input < 0 || input >= shape.inputs()) {
                throw new IllegalArgumentException("The order names input " + input + " of " + shape.inputs());
            }
        }
        return new PanelMatrix(shape, packed.parts().getFirst(), padded(bias, shape), form.mode(), order, null);
    }

    /** Float weights. */
    public static Linear f32(int outputs, int inputs, RowBands rows, float[] bias, Arena arena) {
        return floats(PanelEncoding.F32, outputs, inputs, rows, bias, arena, null);
    }

    /** IEEE half-precision weights. */
    public static Linear f16(int outputs, int inputs, RowBands rows, float[] bias, Arena arena) {
        return floats(PanelEncoding.F16, outputs, inputs, rows, bias, arena, null);
    }

    /** bfloat16 weights. */
    public static Linear bf16(int outputs, int inputs, RowBands rows, float[] bias, Arena arena) {
        return floats(PanelEncoding.BF16, outputs, inputs, rows, bias, arena, null);
    }

    /** Quantised weights: codes up to 4 bits take 4 bits, larger ones 8. */
    public static Linear quantized(QuantizedWeights w, float[] bias, ComputeMode mode, Arena arena) {
        return quantized(w, bias, mode, arena, null);
    }

    /** Inputs whose codes are in one word of {@link #nibbleWords}. */
    public static final int NIBBLES_PER_WORD = 8;

    /**
     * Quantised weights whose 4-bit codes lie in words of eight inputs, the first in the lowest bits, as GPTQ stores them:
     * what {@link #quantized} makes of them, without taking words apart and putting them together again.
     *
     * @param groupSize inputs that share a scale, a multiple of 8
     * @param words {@code [inputs / 8][outputs]}, little-endian
     * @param scales {@code [groups][outputs]}
     * @param zeros {@code [groups][outputs]}, unsigned zero points
     */
    public static Linear nibbleWords(
            int outputs,
            int inputs,
            int groupSize,
            MemorySegment words,
            float[] scales,
            byte[] zeros,
            float[] bias,
            ComputeMode mode,
            Arena arena) {
        long parameters = (long) Math.ceilDiv(inputs, groupSize) * outputs;
        if (inputs % NIBBLES_PER_WORD != 0
                || groupSize % NIBBLES_PER_WORD != 0
                || words.byteSize() != (long) inputs / NIBBLES_PER_WORD * outputs * Integer.BYTES
                || scales.length != parameters
                || zeros.length != parameters) {
            throw new IllegalArgumentException("Words of " + words.byteSize() + " bytes, " + scales.length
                    + " scales and " + zeros.length + " zero points do not make 4-bit codes of " + outputs + " x "
                    + inputs + " in groups of " + groupSize);
        }
        PanelShape shape = PanelPacker.wordsShape(outputs, inputs, groupSize, scales, zeros);
        MemorySegment memory = arena.allocate(shape.bytes(), ALIGNMENT);
        PanelPacker.packWords(shape, words, scales, zeros, memory);
        return new PanelMatrix(shape, memory, padded(bias, shape), mode, new int[0], null);
    }

    /**
     * Adds to every weight the offset of its group of inputs: weights of the form {@code scale * code + offset}.
     *
     * @param codes the matrix without the offsets
     * @param groupSize inputs that share an offset; divides the inputs
     * @param offsets {@code [groups][outputs]}
     */
    public static Linear withOffsets(Linear codes, int groupSize, float[] offsets, Arena arena) {
        return OffsetMatrix.of(codes, groupSize, offsets, arena);
    }

    static Linear quantized(
            QuantizedWeights w, float[] bias, ComputeMode mode, Arena arena, @Nullable Kernels kernels) {
        PanelShape shape = PanelPacker.shape(w);
        MemorySegment memory = arena.allocate(shape.bytes(), ALIGNMENT);
        PanelPacker.pack(shape, w, memory);
        return new PanelMatrix(shape, memory, padded(bias, shape), mode, w.inputOrder(), kernels);
    }

    /**
     * Weights as 8-bit floats with a scale for each group of inputs: {@code w = scale * value(code)}. They keep their 8
     * bits; activations are floats in every {@link ComputeMode}.
     *
     * @param groupSize inputs that share a scale, 1 to {@code inputs}
     * @param codes F8_E4M3 without NaN
     * @param scales {@code [groups][outputs]}
     */
    public static Linear e4m3(
            int outputs, int inputs, int groupSize, CodeBands codes, float[] scales, float[] bias, Arena arena) {
        return e4m3(outputs, inputs, groupSize, codes, scales, bias, arena, null);
    }

    static Linear e4m3(
            int outputs,
            int inputs,
            int groupSize,
            CodeBands codes,
            float[] scales,
            float[] bias,
            Arena arena,
            @Nullable Kernels kernels) {
        byte[] middle = {}; // with zero points there the packer leaves the codes as they are
        QuantizedWeights w =
                new QuantizedWeights(outputs, inputs, Byte.SIZE, groupSize, codes, scales, middle, new int[0]);
        PanelShape shape = PanelPacker.e4m3Shape(w);
        MemorySegment memory = arena.allocate(shape.bytes(), ALIGNMENT);
        PanelPacker.pack(shape, w, memory);
        return new PanelMatrix(shape, memory, padded(bias, shape), ComputeMode.F32, new int[0], kernels);
    }

    static Linear floats(
            PanelEncoding encoding,
            int outputs,
            int inputs,
            RowBands rows,
            float[] bias,
            Arena arena,
            @Nullable Kernels kernels) {
        if (outputs < 1 || inputs < 1) {
            throw new IllegalArgumentException("A matrix needs inputs and outputs, not " + outputs + " x " + inputs);
        }
        PanelShape shape = PanelShape.unscaled(encoding, outputs, inputs);
        MemorySegment memory = arena.allocate(shape.bytes(), ALIGNMENT);
        PanelPacker.pack(shape, rows, memory);
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
