package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * How GPTQ tensors of a model are to be read: {@code quantization_config} of config.json, or quantize_config.json in
 * older models.
 *
 * @param bits bits of a code, 4 or 8
 * @param groupSize inputs that share a scale; {@link #WHOLE_COLUMN} = all
 * @param zerosAsStored {@code checkpoint_format: gptq_v2}; otherwise one less than the zero point is stored
 * @param symmetric zero points are all in the middle; for people only, the tensors hold them anyway
 * @param actOrder inputs were quantised in the order of their activations; for people only, {@code g_idx} tells
 */
public record GptqConfig(int bits, int groupSize, boolean zerosAsStored, boolean symmetric, boolean actOrder) {
    public static final int WHOLE_COLUMN = -1;

    private static final Set<Integer> GROUP_SIZES = Set.of(WHOLE_COLUMN, 16, 32, 64, 128, 256, 512, 1024);
    private static final String SUPPORTED = "supported: gptq with 4 or 8 bits, and no quantisation (f32, f16, bf16)";

    /**
     * Reads the quantisation of a model.
     *
     * @param config config.json
     * @param dir the model's directory
     * @return empty if the model is not quantised
     * @throws UserError if it is quantised otherwise
     */
    public static Optional<GptqConfig> read(JsonObject config, Path dir) {
        return config.object("quantization_config")
                .or(() -> JsonObject.readIfPresent(dir.resolve("quantize_config.json")))
                .map(GptqConfig::of);
    }

    private static GptqConfig of(JsonObject json) {
        String method = json.text("quant_method").orElse("gptq");
        if (!method.equals("gptq")) {
            throw new UserError(json.file() + ": quant_method '" + method + "' is not supported; " + SUPPORTED);
        }
        int bits = json.integer("bits", 1, 64);
        if (bits != 4 && bits != 8) {
            throw new UserError(json.file() + ": gptq with " + bits + " bits is not supported; " + SUPPORTED);
        }
        String format = json.text("checkpoint_format").orElse("gptq");
        if (!format.equals("gptq") && !format.equals("gptq_v2")) {
            throw new UserError(
                    json.file() + ": checkpoint_format '" + format + "' is not supported; supported: gptq, gptq_v2");
        }
        int groupSize = json.integer("group_size", -1, 1 << 20);
        if (!GROUP_SIZES.contains(groupSize)) {
            throw new UserError(json.file() + ": group_size " + groupSize
                    + " is not supported; supported: -1 (whole column) and the powers of two from 16 to 1024");
        }
        return new GptqConfig(
                bits,
                groupSize,
                format.equals("gptq_v2"),
                json.bool("sym").orElse(true),
                json.bool("desc_act").orElse(false));
    }

    /** For people, for example {@code gptq 4 bit, group 128, symmetric}. */
    public String describe() {
        return "gptq " + bits + " bit, " + (groupSize == WHOLE_COLUMN ? "whole columns" : "group " + groupSize)
                + (symmetric ? ", symmetric" : ", asymmetric")
                + (actOrder ? ", act-order" : "")
                + (zerosAsStored ? ", gptq_v2" : "");
    }
}
