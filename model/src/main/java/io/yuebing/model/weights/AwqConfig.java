package io.yuebing.model.weights;

import io.yuebing.model.json.JsonObject;
import java.util.Locale;
import java.util.Optional;

/**
 * How AWQ tensors of a model are to be read.
 *
 * @param groupSize inputs that share a scale; {@link GptqConfig#WHOLE_COLUMN} = all
 */
public record AwqConfig(int groupSize) implements Quantization {

    /** Reads AutoAWQ's fields under their names in config.json, or those in its older quant_config.json. */
    static AwqConfig of(JsonObject json) {
        String version = json.text("version").orElse("gemm").toLowerCase(Locale.ROOT);
        if (!version.equals("gemm")) {
            throw Quantization.unsupported(json, "awq in the layout '" + version + "'");
        }
        int bits = json.has("bits") ? json.integer("bits", 1, 64) : json.integer("w_bit", 1, 64);
        if (bits != AwqFormat.BITS) {
            throw Quantization.unsupported(json, "awq with " + bits + " bits");
        }
        String field = json.has("group_size") ? "group_size" : "q_group_size";
        return new AwqConfig(GptqConfig.groupSize(json, json.integer(field, -1, 1 << 20)));
    }

    @Override
    public Optional<LinearFormat> formatOf(String layer) {
        return Optional.of(new AwqFormat(groupSize));
    }

    @Override
    public String describe() {
        return "awq " + AwqFormat.BITS + " bit, " + GptqConfig.describeGroup(groupSize);
    }
}
