package io.yuebing.model.decoder;

import static io.yuebing.model.decoder.TensorRole.*;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a family calls its tensors in the files. Names of a layer follow {@code layers + number + "."}; matrices are named
 * without {@code .weight} or {@code .qweight}, vectors and the embedding in full.
 *
 * @param prefix start of all names: empty, or the place of a text model among the parts of a larger one
 * @param byRole the names without the prefix; those of a layer's parts without the layer
 */
public record TensorNames(String prefix, Map<TensorRole, String> byRole) {
    public TensorNames {
        byRole = Collections.unmodifiableMap(new EnumMap<>(byRole));
    }

    /** The names of Llama, which most families of transformers took over. */
    public static final TensorNames LLAMA = new TensorNames(
            "",
            Map.ofEntries(
                    Map.entry(EMBEDDING, "model.embed_tokens.weight"),
                    Map.entry(LAYERS, "model.layers."),
                    Map.entry(ATTENTION_NORM, "input_layernorm.weight"),
                    Map.entry(QUERY, "self_attn.q_proj"),
                    Map.entry(KEY, "self_attn.k_proj"),
                    Map.entry(VALUE, "self_attn.v_proj"),
                    Map.entry(ATTENTION_OUTPUT, "self_attn.o_proj"),
                    Map.entry(MLP_NORM, "post_attention_layernorm.weight"),
                    Map.entry(GATE, "mlp.gate_proj"),
                    Map.entry(UP, "mlp.up_proj"),
                    Map.entry(DOWN, "mlp.down_proj"),
                    Map.entry(FINAL_NORM, "model.norm.weight"),
                    Map.entry(HEAD, "lm_head")));

    /** Matrices of experts under the names that most families with experts use. */
    static final TensorNames LLAMA_WITH_EXPERTS = LLAMA.with(ROUTER, "mlp.gate")
            .with(EXPERTS, "mlp.experts.")
            .with(EXPERT_GATE, "gate_proj")
            .with(EXPERT_UP, "up_proj")
            .with(EXPERT_DOWN, "down_proj");

    /** The same with one more name or another one. */
    public TensorNames with(TensorRole role, String name) {
        Map<TensorRole, String> more = new EnumMap<>(byRole);
        more.put(role, name);
        return new TensorNames(prefix, more);
    }

    /** The same names under a prefix. */
    TensorNames within(String outer) {
        return new TensorNames(outer + prefix, byRole);
    }

    /** With norms of each query and key head under their usual names. */
    TensorNames withHeadNorms() {
        return with(QUERY_NORM, "self_attn.q_norm.weight").with(KEY_NORM, "self_attn.k_norm.weight");
    }

    /** With the matrices of latent attention under DeepSeek's names. */
    TensorNames withLatentAttention() {
        return with(QUERY_DOWN, "self_attn.q_a_proj")
                .with(QUERY_DOWN_NORM, "self_attn.q_a_layernorm.weight")
                .with(QUERY_UP, "self_attn.q_b_proj")
                .with(KEY_VALUE_DOWN, "self_attn.kv_a_proj_with_mqa")
                .with(KEY_VALUE_NORM, "self_attn.kv_a_layernorm.weight")
                .with(KEY_VALUE_UP, "self_attn.kv_b_proj")
                .with(HEAD_TO_LATENT, "self_attn.k_b_proj.")
                .with(HEAD_FROM_LATENT, "self_attn.v_b_proj.");
    }

    public boolean has(TensorRole role) {
        return byRole.containsKey(role);
    }

    /**
     * The name for a role outside of the layers.
     *
     * @throws IllegalStateException if the family gives none
     */
    public String of(TensorRole role) {
        return prefix + end(role);
    }

    /** The name for a role in a layer. */
    public String of(TensorRole role, int layer) {
        return of(LAYERS) + layer + "." + end(role);
    }

    /** The end of the names for a role that has many in a layer: a matrix of an expert. */
    String end(TensorRole role) {
        String name = byRole.get(role);
        if (name == null) {
            throw new IllegalStateException("the family names no tensor for " + role);
        }
        return name;
    }
}
