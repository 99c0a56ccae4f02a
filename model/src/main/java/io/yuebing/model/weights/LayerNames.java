package io.yuebing.model.weights;

import io.yuebing.model.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Layers as compressed-tensors names them.
 *
 * @param exact names of layers
 * @param patterns those written {@code re:expression}
 * @param allLinear whether the class {@code Linear} is among them; names go before it
 */
record LayerNames(Set<String> exact, List<LayerPattern> patterns, boolean allLinear) {
    private static final String EXPRESSION = "re:";

    LayerNames {
        exact = Set.copyOf(exact);
        patterns = List.copyOf(patterns);
    }

    static LayerNames of(JsonObject json, List<String> names) {
        List<LayerPattern> patterns = new ArrayList<>();
        for (String name : names) {
            if (name.startsWith(EXPRESSION)) {
                patterns.add(LayerPattern.of(json, name.substring(EXPRESSION.length())));
            }
        }
        return new LayerNames(Set.copyOf(names), patterns, names.contains("Linear"));
    }

    /** Whether a layer is named, itself or by a pattern. */
    boolean name(String layer) {
        return exact.contains(layer) || patterns.stream().anyMatch(pattern -> pattern.matches(layer));
    }
}
