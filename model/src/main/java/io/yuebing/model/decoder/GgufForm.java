package io.yuebing.model.decoder;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * How GGUF files hold the models of a family: what differs from the common names, so that the family's config.json and
 * tensor names can be told from a GGUF file.
 *
 * @param architecture {@code general.architecture}, which is also the start of the metadata keys
 * @param experts whether the files have experts: some architectures of GGUF are two families
 * @param pairedRows whether the rows of query and key lie paired, see
 *     {@link io.yuebing.model.weights.RowOrder}
 * @param sumsOfNorms whether weights of norms, of which the family's own files hold the difference from 1, are whole here
 * @param singleRows names in GGUF of a layer's matrices of one row, which are vectors there
 * @param config completes what config.json would say by what the architecture implies
 * @param layerTensors names of a layer's tensors here by their names in GGUF, both without layer and {@code .weight};
 *     {@code *} stands for the number of an expert or head. A name in GGUF with its {@code .bias} has a whole one here
 */
public record GgufForm(
        String architecture,
        boolean experts,
        boolean pairedRows,
        boolean sumsOfNorms,
        Set<String> singleRows,
        Consumer<Map<String, Object>> config,
        Map<String, String> layerTensors) {
    private static final Map<String, String> COMMON = Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_qkv", "self_attn.qkv_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"),
            Map.entry("ffn_gate_inp", "mlp.gate"),
            Map.entry("ffn_gate_exps", "mlp.experts.*.gate_proj"),
            Map.entry("ffn_up_exps", "mlp.experts.*.up_proj"),
            Map.entry("ffn_down_exps", "mlp.experts.*.down_proj"));

    public GgufForm {
        singleRows = Set.copyOf(singleRows);
        layerTensors = Map.copyOf(layerTensors);
    }

    /** A dense family with the common names and rows in order. */
    public static GgufForm of(String architecture) {
        return new GgufForm(architecture, false, false, false, Set.of(), config -> {}, COMMON);
    }

    /** The same family with experts. */
    public GgufForm withExperts() {
        return new GgufForm(architecture, true, pairedRows, sumsOfNorms, singleRows, config, layerTensors);
    }

    /** The same family with paired rows of query and key. */
    public GgufForm withPairedRows() {
        return new GgufForm(architecture, experts, true, sumsOfNorms, singleRows, config, layerTensors);
    }

    /** The same family with whole weights of norms. */
    public GgufForm withSumsOfNorms() {
        return new GgufForm(architecture, experts, pairedRows, true, singleRows, config, layerTensors);
    }

    /** The same family, whose architecture implies more than the metadata says. */
    public GgufForm withConfig(Consumer<Map<String, Object>> completion) {
        return new GgufForm(
                architecture, experts, pairedRows, sumsOfNorms, singleRows, config.andThen(completion), layerTensors);
    }

    /** The same family with another name here for a layer's tensor. */
    public GgufForm with(String inGguf, String here) {
        Map<String, String> changed = new HashMap<>(layerTensors);
        changed.put(inGguf, here);
        return new GgufForm(architecture, experts, pairedRows, sumsOfNorms, singleRows, config, changed);
    }

    /** The same family with latent attention, whose matrix to keys and values is in one piece or split by heads. */
    public GgufForm withLatentAttention() {
        return with("attn_q_a", "self_attn.q_a_proj")
                .with("attn_q_a_norm", "self_attn.q_a_layernorm")
                .with("attn_q_b", "self_attn.q_b_proj")
                .with("attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa")
                .with("attn_kv_a_norm", "self_attn.kv_a_layernorm")
                .with("attn_kv_b", "self_attn.kv_b_proj")
                .with("attn_k_b", "self_attn.k_b_proj.*")
                .with("attn_v_b", "self_attn.v_b_proj.*");
    }

    /** The same family with experts as DeepSeek-V3 has them: chosen by corrected scores, beside shared ones. */
    public GgufForm withCorrectedAndSharedExperts() {
        return withExperts()
                .with("exp_probs_b.bias", "mlp.gate.e_score_correction_bias")
                .with("ffn_gate_shexp", "mlp.shared_experts.gate_proj")
                .with("ffn_up_shexp", "mlp.shared_experts.up_proj")
                .with("ffn_down_shexp", "mlp.shared_experts.down_proj");
    }

    /** The same family with a matrix of one row. */
    public GgufForm withSingleRow(String inGguf, String here) {
        Set<String> more = new HashSet<>(singleRows);
        more.add(inGguf);
        GgufForm named = with(inGguf, here);
        return new GgufForm(architecture, experts, pairedRows, sumsOfNorms, more, config, named.layerTensors());
    }
}
