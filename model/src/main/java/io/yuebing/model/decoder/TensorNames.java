package io.yuebing.model.decoder;

/**
 * What a family calls its tensors in the files. Names of a layer follow {@code layers + number + "."}; linear layers are
 * named without {@code .weight} or {@code .qweight}.
 */
public record TensorNames(
        String embedding,
        String layers,
        String attentionNorm,
        String query,
        String key,
        String value,
        String attentionOutput,
        String mlpNorm,
        String gate,
        String up,
        String down,
        String finalNorm,
        String head) {

    /** The names of Llama, which most families of transformers took over. */
    public static final TensorNames LLAMA = new TensorNames(
            "model.embed_tokens.weight",
            "model.layers.",
            "input_layernorm.weight",
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
            "post_attention_layernorm.weight",
            "mlp.gate_proj",
            "mlp.up_proj",
            "mlp.down_proj",
            "model.norm.weight",
            "lm_head");
}
