package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * How compressed-tensors holds the matrices of a group of layers.
 *
 * @param description for people, for example {@code int 4 bit, group 128, symmetric}
 */
record CompressedScheme(LinearFormat format, String description) {

    /**
     * Reads a scheme.
     *
     * @param weights {@code weights} of the group
     * @param format name of the way in which they are packed
     * @return empty if they are floats
     */
    static Optional<CompressedScheme> of(JsonObject weights, String format) {
        if (format.equals("dense")) {
            return Optional.empty();
        }
        int bits = weights.integer("num_bits", 1, 64);
        String type = weights.text("type").orElse("int");
        boolean symmetric = weights.bool("symmetric").orElse(true);
        String name = type + " " + bits + " bit";
        LinearFormat found = switch (format + " " + name) {
            case "pack-quantized int 4 bit", "pack-quantized int 8 bit" ->
                new PackedRowsFormat(bits, blocks(weights), symmetric);
            case "int-quantized int 8 bit", "naive-quantized int 8 bit" -> new Int8Format(blocks(weights));
            case "float-quantized float 8 bit", "naive-quantized float 8 bit" ->
                new E4m3Format(Optional.of(blocks(weights)));
            case "mxfp4-pack-quantized float 4 bit" -> new Mxfp4Format();
            default -> throw Quantization.unsupported(weights, "compressed-tensors " + format + " of " + name);
        };
        String grouping =
                found instanceof Mxfp4Format ? "mxfp4" : blocks(weights).describe();
        return Optional.of(new CompressedScheme(
                found,
                name + ", " + grouping + (type.equals("int") ? symmetric ? ", symmetric" : ", asymmetric" : "")));
    }

    private static Blocks blocks(JsonObject weights) {
        boolean grouped = weights.integerIfPresent("group_size", -1, 1 << 20).orElse(-1) > 0;
        String strategy = weights.text("strategy").orElse(grouped ? "group" : "tensor");
        return switch (strategy) {
            case "tensor" -> Blocks.TENSOR;
            case "channel" -> Blocks.CHANNEL;
            case "group" -> new Blocks(1, GptqConfig.groupSize(weights, weights.integer("group_size", -1, 1 << 20)));
            case "block" -> {
                List<Integer> sizes = weights.integers("block_structure", 1, 1 << 20);
                if (sizes.size() != 2) {
                    throw new UserError(weights.file() + ": block_structure must be [outputs, inputs], found " + sizes);
                }
                yield new Blocks(sizes.get(0), sizes.get(1));
            }
            default -> throw Quantization.unsupported(weights, "compressed-tensors with strategy '" + strategy + "'");
        };
    }
}
