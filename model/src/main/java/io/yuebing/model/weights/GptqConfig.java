package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.Set;

/**
 * How GPTQ tensors of a layer are to be read.
 *
 * @param bits bits of a code: 2, 3, 4 or 8
 * @param groupSize inputs that share a scale; {@link #WHOLE_COLUMN} = all
 * @param zerosAsStored {@code checkpoint_format: gptq_v2}; otherwise one less than the zero point is stored
 * @param symmetric zero points are all in the middle; for people only, the tensors hold them anyway
 * @param actOrder inputs were quantised in the order of their activations; for people only, {@code g_idx} tells
 */
public record GptqConfig(int bits, int groupSize, boolean zerosAsStored, boolean symmetric, boolean actOrder) {
    public static final int WHOLE_COLUMN = -1;

    private static final Set<Integer> BITS = Set.of(2, 3, 4, 8);
    private static final int LEAST_GROUP = 8;

    static GptqConfig of(JsonObject json) {
        String format = json.text("checkpoint_format").orElse("gptq");
        if (!format.equals("gptq") && !format.equals("gptq_v2")) {
            throw new UserError(
                    json.file() + ": checkpoint_format '" + format + "' is not supported; supported: gptq, gptq_v2");
        }
        return new GptqConfig(
                bits(json, json.integer("bits", 1, 64)),
                groupSize(json, json.integer("group_size", -1, 1 << 20)),
                format.equals("gptq_v2"),
                json.bool("sym").orElse(true),
                json.bool("desc_act").orElse(false));
    }

    /** The same with what {@code override} says otherwise. */
    GptqConfig with(JsonObject override) {
        return new GptqConfig(
                bits(override, override.integerIfPresent("bits", 1, 64).orElse(bits)),
                groupSize(
                        override,
                        override.integerIfPresent("group_size", -1, 1 << 20).orElse(groupSize)),
                zerosAsStored,
                override.bool("sym").orElse(symmetric),
                override.bool("desc_act").orElse(actOrder));
    }

    private static int bits(JsonObject json, int bits) {
        if (!BITS.contains(bits)) {
            throw Quantization.unsupported(json, "gptq with " + bits + " bits");
        }
        return bits;
    }

    /** Checks a group size of any method. */
    static int groupSize(JsonObject json, int groupSize) {
        if (groupSize != WHOLE_COLUMN && groupSize < LEAST_GROUP) {
            throw new UserError(json.file() + ": group_size " + groupSize
                    + " is not supported; supported: -1 (whole column) and sizes from " + LEAST_GROUP);
        }
        return groupSize;
    }

    /** For people, for example {@code gptq 4 bit, group 128, symmetric}. */
    public String describe() {
        return "gptq " + bits + " bit, " + describeGroup(groupSize)
                + (symmetric ? ", symmetric" : ", asymmetric")
                + (actOrder ? ", act-order" : "")
                + (zerosAsStored ? ", gptq_v2" : "");
    }

    static String describeGroup(int groupSize) {
        return groupSize == WHOLE_COLUMN ? "whole columns" : "group " + groupSize;
    }
}
