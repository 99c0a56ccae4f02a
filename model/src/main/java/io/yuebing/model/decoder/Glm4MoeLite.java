package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.ArrayList;
import java.util.List;

/**
 * GLM-4.7-Flash: latent attention as in DeepSeek-V3, experts as in GLM-4.5. As in transformers' {@code
 * models/glm4_moe_lite}.
 */
final class Glm4MoeLite implements Architecture {
    private static final TensorNames NAMES =
            DeepSeek.NAMES.with(TensorRole.ROUTER_CORRECTION, "mlp.gate.e_score_correction_bias");

    @Override
    public String name() {
        return "Glm4MoeLiteForCausalLM";
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(202_752);
        Latent attention = config.latent(positions, config.flag("attention_bias", false));
        Routing routing = Routing.sigmoid(
                config.count("num_experts_per_tok", 4),
                config.count("n_group", 1),
                config.count("topk_group", 1),
                config.flag("norm_topk_prob", true),
                (float) json.number("routed_scaling_factor", 0, 1e6).orElse(1.8));
        return config.decoder(
                attention.rope().maxPositions(positions), layers(config, attention, routing), 1e-5, NAMES);
    }

    /** {@code mlp_layer_types} names each layer's kind; without it the first {@code first_k_dense_replace} are plain. */
    private static List<LayerSpec> layers(DecoderConfig config, Latent attention, Routing routing) {
        JsonObject json = config.json();
        List<String> types = json.texts("mlp_layer_types").orElse(List.of());
        if (!types.isEmpty() && types.size() != config.layers()) {
            throw new UserError(
                    json.file() + ": mlp_layer_types must name " + config.layers() + " layers, found " + types.size());
        }
        int plainLayers = config.count("first_k_dense_replace", 1);
        List<LayerSpec> layers = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            boolean plain = types.isEmpty() ? layer < plainLayers : isPlain(json, types.get(layer));
            layers.add(new LayerSpec(attention, plain ? config.dense() : config.expertsBesideShared(routing)));
        }
        return layers;
    }

    private static boolean isPlain(JsonObject json, String type) {
        return switch (type) {
            case "dense" -> true;
            case "sparse" -> false;
            default ->
                throw new UserError(
                        json.file() + ": mlp layer type '" + type + "' is not supported; supported: dense, sparse");
        };
    }
}
