package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.decoder.Routing.Scoring;
import io.yuebing.model.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * DeepSeek-V2 and V3 with what has V3's shape, such as R1 and Kimi K2 (DeepSeek-AI, 2024; Kimi Team, 2025): latent
 * attention; after some plain layers come layers with experts from the best groups, beside shared ones. Layers beyond
 * {@code num_hidden_layers}, which predict further tokens, are not read. As in {@code modeling_deepseek.py} beside the
 * published weights.
 *
 * @param name as in config.json
 * @param version 2 or 3: what the fields that config.json leaves out mean
 */
record DeepSeek(String name, Version version) implements Architecture {
    /** Names of the tensors of latent attention and of the experts. */
    static final TensorNames NAMES =
            TensorNames.LLAMA_WITH_EXPERTS.withLatentAttention().with(TensorRole.SHARED_EXPERT, "mlp.shared_experts.");

    private static final TensorNames CORRECTED =
            NAMES.with(TensorRole.ROUTER_CORRECTION, "mlp.gate.e_score_correction_bias");

    /** What config.json means where it does not say. */
    enum Version {
        V2("greedy", "softmax", 0),
        V3("noaux_tc", "sigmoid", 3);

        private final String method;
        private final String scoring;
        private final int plainLayers;

        Version(String method, String scoring, int plainLayers) {
            this.method = method;
            this.scoring = scoring;
            this.plainLayers = plainLayers;
        }
    }

    /**
     * One architecture stands for all versions there, and for GLM-4.7-Flash, which differs in nothing that the metadata
     * does not say.
     */
    @Override
    public Optional<GgufForm> gguf() {
        return version == Version.V3
                ? Optional.of(GgufForm.of("deepseek2")
                        .withLatentAttention()
                        .withCorrectedAndSharedExperts()
                        .withConfig(DeepSeek::completeGguf))
                : Optional.empty();
    }

    /** What is not written means the opposite, or that the model is a V2. */
    private static void completeGguf(Map<String, Object> config) {
        config.putIfAbsent("norm_topk_prob", false);
        config.putIfAbsent("routed_scaling_factor", 1);
        config.putIfAbsent("scoring_func", "softmax");
        config.putIfAbsent("first_k_dense_replace", 0);
        boolean grouped = config.get("n_group") instanceof Number groups && groups.intValue() > 1;
        config.putIfAbsent("topk_method", grouped ? "group_limited_greedy" : "greedy");
    }

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(version == Version.V2 ? 2048 : 4096);
        Latent attention = config.latent(positions, config.flag("attention_bias", false));
        String method = json.text("topk_method").orElse(version.method);
        Routing routing = routing(config, method);
        return config.decoder(
                attention.rope().maxPositions(positions),
                layers(config, attention, routing),
                1e-6,
                method.equals("noaux_tc") ? CORRECTED : NAMES);
    }

    private Routing routing(DecoderConfig config, String method) {
        JsonObject json = config.json();
        Scoring scoring = scoring(json);
        int chosen = config.count("num_experts_per_tok", 8);
        int groups = config.count("n_group", 1);
        int chosenGroups = config.count("topk_group", 1);
        boolean renormalise = config.flag("norm_topk_prob", version == Version.V3);
        float scale = (float) json.number("routed_scaling_factor", 0, 1e6).orElse(version == Version.V2 ? 1 : 2.5);
        return switch (method) {
            case "greedy" -> new Routing(scoring, chosen, 1, 1, 1, renormalise, scale);
            case "group_limited_greedy" -> new Routing(scoring, chosen, groups, chosenGroups, 1, renormalise, scale);
            case "noaux_tc" -> new Routing(scoring, chosen, groups, chosenGroups, 2, renormalise, scale);
            default ->
                throw new UserError(json.file() + ": topk_method '" + method
                        + "' is not supported; supported: greedy, group_limited_greedy, noaux_tc");
        };
    }

    private Scoring scoring(JsonObject json) {
        String function = json.text("scoring_func").orElse(version.scoring);
        return switch (function) {
            case "softmax" -> Scoring.SOFTMAX;
            case "sigmoid" -> Scoring.SIGMOID;
            default ->
                throw new UserError(json.file() + ": scoring_func '" + function
                        + "' is not supported; supported: softmax, sigmoid");
        };
    }

    /** Experts are in every {@code moe_layer_freq}-th layer from {@code first_k_dense_replace} on. */
    private List<LayerSpec> layers(DecoderConfig config, Latent attention, Routing routing) {
        boolean sparse = config.json().has("n_routed_experts");
        int plainLayers = sparse ? config.count("first_k_dense_replace", version.plainLayers) : config.layers();
        int step = Math.max(1, config.count("moe_layer_freq", 1));
        List<LayerSpec> layers = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            boolean plain = layer < plainLayers || layer % step != 0;
            layers.add(new LayerSpec(attention, plain ? config.dense() : config.expertsBesideShared(routing)));
        }
        return layers;
    }
}
