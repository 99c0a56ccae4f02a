package io.yuebing.model.decoder;

import java.util.HashMap;
import java.util.Map;

/**
 * How GGUF files hold the models of a family: what differs from the common names, so that the family's config.json and
 * tensor names can be told from a GGUF file.
 *
 * @param architecture {@code general.architecture}, which is also the start of the metadata keys
 * @param experts whether the files have experts: some architectures of GGUF are two families
 * @param pairedRows whether the rows of query and key lie paired, see
 *     {@link io.yuebing.model.weights.RowOrder}
 * @param layerTensors names of a layer's tensors here by their names in GGUF, both without layer and {@code .weight};
 *     {@code *} stands for the number of an expert
 */
public record GgufForm(String architecture, boolean experts, boolean pairedRows, Map<String, String> layerTensors) {
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
        layerTensors = Map.copyOf(layerTensors);
    }

    /** A dense family with the common names and rows in order. */
    public static GgufForm of(String architecture) {
        return new GgufForm(architecture, false, false, COMMON);
    }

    /** The same family with experts. */
    public GgufForm withExperts() {
        return new GgufForm(architecture, true, pairedRows, layerTensors);
    }

    /** The same family with paired rows of query and key. */
    public GgufForm withPairedRows() {
        return new GgufForm(architecture, experts, true, layerTensors);
    }

    /** The same family with another name here for a layer's tensor. */
    public GgufForm with(String inGguf, String here) {
        Map<String, String> changed = new HashMap<>(layerTensors);
        changed.put(inGguf, here);
        return new GgufForm(architecture, experts, pairedRows, changed);
    }
}
