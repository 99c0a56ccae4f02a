package io.yuebing.model.weights;

import io.yuebing.model.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A model quantised by llm-compressor: {@code quant_method: compressed-tensors}. Some groups of layers, each held in its
 * way, and layers that are left as floats.
 *
 * <pre>
 * "config_groups": {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, ...}, "format": "pack-quantized"}},
 * "ignore": ["lm_head", "re:.*mlp\\.gate$"],  "format": "pack-quantized"
 * </pre>
 *
 * Which activations an engine may round is not looked at: products are those of the weights as stored.
 */
record CompressedTensors(List<Group> groups, LayerNames ignored) implements Quantization {
    CompressedTensors {
        groups = List.copyOf(groups);
    }

    /**
     * Layers that are held alike.
     *
     * @param scheme empty: as floats
     */
    record Group(LayerNames targets, Optional<CompressedScheme> scheme) {}

    static CompressedTensors of(JsonObject json) {
        Optional<String> sparsity = json.object("sparsity_config").flatMap(sparse -> sparse.text("format"));
        if (sparsity.isPresent() && !sparsity.get().equals("dense")) {
            throw Quantization.unsupported(json, "compressed-tensors with sparsity '" + sparsity.get() + "'");
        }
        Optional<String> common = json.text("format");
        List<Group> groups = new ArrayList<>();
        JsonObject all = json.object("config_groups").orElseThrow(() -> json.missing("config_groups"));
        for (String name : all.fields()) {
            JsonObject group = all.object(name).orElseThrow(() -> all.missing(name));
            List<String> targets = group.texts("targets").orElseThrow(() -> group.missing("targets"));
            String format = group.text("format").or(() -> common).orElseThrow(() -> group.missing("format"));
            groups.add(new Group(
                    LayerNames.of(group, targets),
                    group.object("weights").flatMap(weights -> CompressedScheme.of(weights, format))));
        }
        return new CompressedTensors(
                groups, LayerNames.of(json, json.texts("ignore").orElse(List.of())));
    }

    @Override
    public Optional<LinearFormat> formatOf(String layer) {
        if (ignored.name(layer)) {
            return Optional.empty();
        }
        return groups.stream()
                .filter(group -> group.targets().name(layer))
                .findFirst()
                .or(() -> groups.stream()
                        .filter(group -> group.targets().allLinear())
                        .findFirst())
                .flatMap(Group::scheme)
                .map(CompressedScheme::format);
    }

    @Override
    public String describe() {
        return "compressed-tensors "
                + groups.stream()
                        .flatMap(group -> group.scheme().stream())
                        .map(CompressedScheme::description)
                        .distinct()
                        .collect(Collectors.joining(" and "));
    }
}
