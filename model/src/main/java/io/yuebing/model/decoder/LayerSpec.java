package io.yuebing.model.decoder;

/** The two parts of a layer. */
public record LayerSpec(AttentionSpec attention, FeedForwardSpec feedForward) {}
