package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * A model with 8-bit floats, {@code quant_method: fp8} or {@code fbgemm_fp8}.
 *
 * @param blocks which weights share a scale; empty: all of a matrix, or those of an output
 */
record Fp8Config(Optional<Blocks> blocks) implements Quantization {

    static Fp8Config of(JsonObject json) {
        String format = json.text("fmt").orElse("e4m3");
        if (!format.equals("e4m3")) {
            throw Quantization.unsupported(json, "fp8 as '" + format + "'");
        }
        return new Fp8Config(json.has("weight_block_size") ? Optional.of(blocks(json)) : Optional.empty());
    }

    private static Blocks blocks(JsonObject json) {
        List<Integer> sizes = json.integers("weight_block_size", 1, 1 << 20);
        if (sizes.size() != 2) {
            throw new UserError(json.file() + ": weight_block_size must be [outputs, inputs], found " + sizes);
        }
        return new Blocks(sizes.get(0), sizes.get(1));
    }

    @Override
    public Optional<LinearFormat> formatOf(String layer) {
        return Optional.of(new E4m3Format(blocks));
    }

    @Override
    public String describe() {
        return "fp8 e4m3" + blocks.map(shared -> ", " + shared.describe()).orElse("");
    }
}
