package io.yuebing.model.weights;

import io.yuebing.model.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which layers of a GPTQ model are quantised how: one way for most of them, and GPTQModel's {@code dynamic} rules.
 *
 * <pre>
 * "dynamic": {"-:.*\\.down_proj": {},                             left as floats
 *             "+:model\\.layers\\.0\\.": {"bits": 8, "group_size": 32}}    quantised otherwise; "+:" may be left out
 * </pre>
 *
 * @param common how layers are quantised that no rule names
 * @param rules the first that matches a layer's name counts
 */
public record GptqLayers(GptqConfig common, List<Rule> rules) implements Quantization {
    private static final String EXCLUDE = "-:";
    private static final String OVERRIDE = "+:";

    public GptqLayers {
        rules = List.copyOf(rules);
    }

    /**
     * What holds for some layers.
     *
     * @param config empty: they are not quantised
     */
    record Rule(LayerPattern layers, Optional<GptqConfig> config) {}

    static GptqLayers of(JsonObject json) {
        GptqConfig common = GptqConfig.of(json);
        List<Rule> rules = new ArrayList<>();
        json.object("dynamic").ifPresent(dynamic -> {
            for (String key : dynamic.fields()) {
                rules.add(rule(dynamic, key, common));
            }
        });
        return new GptqLayers(common, rules);
    }

    private static Rule rule(JsonObject dynamic, String key, GptqConfig common) {
        if (key.startsWith(EXCLUDE)) {
            return new Rule(LayerPattern.of(dynamic, key.substring(EXCLUDE.length())), Optional.empty());
        }
        String expression = key.startsWith(OVERRIDE) ? key.substring(OVERRIDE.length()) : key;
        Optional<GptqConfig> config = dynamic.object(key).map(common::with);
        return new Rule(LayerPattern.of(dynamic, expression), config.or(() -> Optional.of(common)));
    }

    @Override
    public Optional<LinearFormat> formatOf(String layer) {
        for (Rule rule : rules) {
            if (rule.layers().matches(layer)) {
                return rule.config().map(GptqFormat::new);
            }
        }
        return Optional.of(new GptqFormat(common));
    }

    @Override
    public String describe() {
        return common.describe() + (rules.isEmpty() ? "" : ", with exceptions");
    }
}
