package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.Linears;
import io.yuebing.kernels.RowBands;
import io.yuebing.kernels.Rows;
import io.yuebing.model.json.JsonObject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Matrices of 4-bit codes for the values of a table (QLoRA; Dettmers et al., 2023), {@code w = absmax * table[code]},
 * rounded to the type that the matrix had before it was quantised, as in bitsandbytes' {@code dequantize_4bit}.
 *
 * <pre>
 * weight            two codes to a byte, the first in the high bits, row after row: outputs x inputs / 2 bytes
 * weight.absmax     one for each block of so many weights, row after row: F32; see {@link BlockScales} for U8
 * weight.quant_map  F32 [16], the table
 * weight.quant_state.bitsandbytes__nf4 or __fp4
 *                   JSON: blocksize, shape, dtype
 * </pre>
 *
 * The values are no multiples of one step, so the kernels get them as the floats that they stand for.
 */
record BitsAndBytesFormat() implements LinearFormat {
    private static final List<String> KINDS = List.of("nf4", "fp4");

    /** Bytes may be stored as elements of other types ({@code bnb_4bit_quant_storage}). */
    private static final List<TensorType> BYTES =
            List.of(TensorType.U8, TensorType.I8, TensorType.F16, TensorType.BF16, TensorType.F32);

    private static final int TABLE = 16;
    private static final int MAX_BLOCK = 1 << 16;
    private static final int MAX_STATE_BYTES = 1 << 16;

    @Override
    public boolean holds(Checkpoint checkpoint, String prefix) {
        return checkpoint.find(prefix + ".weight.absmax").isPresent();
    }

    @Override
    public long weights(String kind, TensorInfo tensor) {
        return switch (kind) {
            case "weight" -> isPacked(tensor) ? 2 * tensor.bytes() : tensor.elements();
            case "bias" -> tensor.elements();
            default -> 0;
        };
    }

    private static boolean isPacked(TensorInfo tensor) {
        return tensor.shape().size() == 2 && tensor.shape().getLast() == 1;
    }

    @Override
    public Stored find(Checkpoint checkpoint, String prefix, int outputs, int inputs) {
        String name = prefix + ".weight";
        TensorInfo weight = checkpoint.require(name);
        JsonObject state = state(checkpoint, name);
        long[] shape = state.longs("shape");
        if (shape.length != 2 || shape[0] != outputs || shape[1] != inputs) {
            throw new UserError(state.file() + ": shape must be [" + outputs + ", " + inputs
                    + "] by the model's configuration, found " + Arrays.toString(shape));
        }
        long weights = (long) outputs * inputs;
        if (weights % 2 != 0) {
            throw new UserError(weight.file() + ": tensor " + name + " has an odd number of 4-bit codes, " + weights);
        }
        weight.expect(BYTES, weights / 2 / weight.type().bytes(), 1);
        int block = state.integer("blocksize", 2, MAX_BLOCK);
        BlockScales scales = BlockScales.find(checkpoint, name, state, Math.ceilDiv(weights, block));
        TensorInfo table = checkpoint.require(name + ".quant_map").expect(List.of(TensorType.F32), TABLE);
        return new Packed(outputs, inputs, weight, block, scales, table, type(state));
    }

    private static JsonObject state(Checkpoint checkpoint, String name) {
        for (String kind : KINDS) {
            Optional<TensorInfo> found = checkpoint.find(name + ".quant_state.bitsandbytes__" + kind);
            if (found.isPresent()) {
                TensorInfo state = found.get();
                if (state.bytes() > MAX_STATE_BYTES) {
                    throw new UserError(state.file() + ": tensor " + state.name() + " has " + state.bytes()
                            + " bytes, expected at most " + MAX_STATE_BYTES);
                }
                return JsonObject.parse(state.file() + ": tensor " + state.name(), CodeRows.bytes(state));
            }
        }
        throw checkpoint.missing(name + ".quant_state.bitsandbytes__nf4");
    }

    private static TensorType type(JsonObject state) {
        String type = state.text("dtype").orElseThrow(() -> state.missing("dtype"));
        return switch (type.toLowerCase(Locale.ROOT)) {
            case "float32" -> TensorType.F32;
            case "float16" -> TensorType.F16;
            case "bfloat16" -> TensorType.BF16;
            default ->
                throw new UserError(state.file() + ": dtype '" + type
                        + "' is not supported; supported: float32, float16, bfloat16");
        };
    }

    /** @param type what the weights are rounded to */
    private record Packed(
            int outputs,
            int inputs,
            TensorInfo weight,
            int block,
            BlockScales scales,
            TensorInfo table,
            TensorType type)
            implements Stored {
        @Override
        public long bytes() {
            return weight.bytes() + scales.bytes();
        }

        @Override
        public Linear load(float[] bias, ComputeMode mode, Arena arena) {
            float[] values = values();
            float[] absmax = scales.read();
            try (Arena loading = Arena.ofConfined()) {
                MemorySegment codes = Checkpoint.map(weight, loading);
                long rowBytes = (long) inputs * type.bytes();
                MemorySegment band = loading.allocate(RowBands.ROWS * rowBytes, Float.BYTES);
                RowBands rows = (firstRow, count) -> {
                    MemorySegment wanted = band.asSlice(0, count * rowBytes);
                    decode(codes, values, absmax, (long) firstRow * inputs, wanted);
                    return wanted;
                };
                return switch (type) {
                    case F16 -> Linears.f16(outputs, inputs, rows, bias, arena);
                    case BF16 -> Linears.bf16(outputs, inputs, rows, bias, arena);
                    default -> Linears.f32(outputs, inputs, rows, bias, arena);
                };
            }
        }

        /** The values of the codes. */
        private float[] values() {
            float[] values = FloatFormat.read(table);
            for (int i = 0; i < TABLE; i++) {
                if (!Float.isFinite(values[i])) {
                    throw new UserError(table.file() + ": tensor " + table.name() + " holds " + values[i] + " at " + i
                            + ", expected finite values; fetch the file again");
                }
            }
            return values;
        }

        private void decode(MemorySegment codes, float[] values, float[] absmax, long first, MemorySegment to) {
            long count = to.byteSize() / type.bytes();
            for (long at = 0; at < count; at++) {
                long i = first + at;
                int pair = codes.get(ValueLayout.JAVA_BYTE, i / 2);
                float value = values[(i % 2 == 0 ? pair >> 4 : pair) & 0xF] * absmax[(int) (i / block)];
                switch (type) {
                    case F16 -> to.setAtIndex(ValueLayout.JAVA_SHORT, at, Float.floatToFloat16(value));
                    case BF16 -> to.setAtIndex(ValueLayout.JAVA_SHORT, at, Rows.floatToBf16(value));
                    default -> to.setAtIndex(ValueLayout.JAVA_FLOAT, at, value);
                }
            }
        }
    }
}
