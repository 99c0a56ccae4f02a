package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * The scales of bitsandbytes' blocks, which may be quantised themselves ("double quantisation").
 *
 * <pre>
 * absmax            F32 [blocks], or U8 [blocks] with
 * nested_quant_map  F32 [256] and
 * nested_absmax     F32 [blocks / nested_blocksize, rounded up]:
 *                   nested_absmax * nested_quant_map[absmax] + nested_offset
 * </pre>
 */
record BlockScales(TensorInfo absmax, Optional<Nested> nested) {
    private static final List<TensorType> FLOATS = List.of(TensorType.F32);
    private static final int TABLE = 256;

    /** How scales are quantised. */
    record Nested(TensorInfo table, TensorInfo absmax, int block, float offset) {}

    static BlockScales find(Checkpoint checkpoint, String name, JsonObject state, long blocks) {
        TensorInfo absmax = checkpoint.require(name + ".absmax");
        if (checkpoint.find(name + ".nested_absmax").isEmpty()) {
            return new BlockScales(absmax.expect(FLOATS, blocks), Optional.empty());
        }
        int block = state.integer("nested_blocksize", 1, 1 << 20);
        double offset = state.number("nested_offset", -Float.MAX_VALUE, Float.MAX_VALUE)
                .orElseThrow(() -> state.missing("nested_offset"));
        Nested nested = new Nested(
                checkpoint.require(name + ".nested_quant_map").expect(FLOATS, TABLE),
                checkpoint.require(name + ".nested_absmax").expect(FLOATS, Math.ceilDiv(blocks, block)),
                block,
                (float) offset);
        return new BlockScales(absmax.expect(List.of(TensorType.U8), blocks), Optional.of(nested));
    }

    long bytes() {
        return absmax.bytes() + nested.map(how -> how.absmax().bytes()).orElse(0L);
    }

    /** The scale of each block. */
    float[] read() {
        float[] scales = nested.map(this::unpack).orElseGet(() -> FloatFormat.read(absmax));
        for (int i = 0; i < scales.length; i++) {
            if (!Float.isFinite(scales[i])) {
                throw new UserError(absmax.file() + ": tensor " + absmax.name() + " gives the scale " + scales[i]
                        + " for block " + i + ", expected a finite one; fetch the file again");
            }
        }
        return scales;
    }

    private float[] unpack(Nested how) {
        byte[] codes = CodeRows.bytes(absmax);
        float[] table = FloatFormat.read(how.table());
        float[] outer = FloatFormat.read(how.absmax());
        float[] scales = new float[codes.length];
        for (int i = 0; i < codes.length; i++) {
            scales[i] = table[codes[i] & 0xFF] * outer[i / how.block()] + how.offset();
        }
        return scales;
    }
}
