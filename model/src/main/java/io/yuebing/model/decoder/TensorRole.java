package io.yuebing.model.decoder;

/**
 * What a tensor is for. A family has the parts for which its {@link TensorNames} give a name: a name for {@link
 * #QUERY_NORM} means that queries are normalised.
 */
public enum TensorRole {
    EMBEDDING,
    /** Start of the names of a layer's tensors; the layer's number and a dot follow. */
    LAYERS,
    FINAL_NORM,
    HEAD,

    ATTENTION_NORM,
    QUERY,
    KEY,
    VALUE,
    /** Query, key and value in one matrix, in this order; instead of three. */
    QUERY_KEY_VALUE,
    /** Normalises each query head, before it is turned. */
    QUERY_NORM,
    KEY_NORM,
    /** Latent attention: makes the latent rows that queries are made from; then there is no {@link #QUERY}. */
    QUERY_DOWN,
    QUERY_DOWN_NORM,
    QUERY_UP,
    /** Latent attention: makes what the cache keeps, the latent row and the key that is turned. */
    KEY_VALUE_DOWN,
    /** Normalises the latent row. */
    KEY_VALUE_NORM,
    /** Latent attention: makes for each head its key, then its value, of the latent row. */
    KEY_VALUE_UP,
    /**
     * Start of the names of each head's matrix that brings queries into the latent space, where a file has {@link
     * #KEY_VALUE_UP} split by heads; the head's number follows.
     */
    HEAD_TO_LATENT,
    /** The same of each head's matrix from the latent space to values. */
    HEAD_FROM_LATENT,
    ATTENTION_OUTPUT,
    /** Normalises the attention's output before it is added to the residual stream. */
    ATTENTION_OUTPUT_NORM,

    MLP_NORM,
    GATE,
    UP,
    /** Gate and up in one matrix, in this order; instead of two. */
    GATE_UP,
    DOWN,
    /** Normalises the feed-forward part's output before it is added to the residual stream. */
    MLP_OUTPUT_NORM,

    ROUTER,
    /** Added to the experts' scores to choose them, not to weigh them. */
    ROUTER_CORRECTION,
    /** Start of the names of an expert's matrices; the expert's number and a dot follow. */
    EXPERTS,
    EXPERT_GATE,
    EXPERT_UP,
    EXPERT_DOWN,
    /** Start of the names of the shared expert's matrices, which end as {@link #EXPERT_GATE} and so on. */
    SHARED_EXPERT,
    /** One row whose product's sigmoid weighs the shared expert. */
    SHARED_EXPERT_GATE
}
