package io.yuebing.model.decoder;

/** The two parts of a layer. */
public record LayerSpec(AttentionSpec attention, FeedForwardSpec feedForward) {
    LayerSpec withinShortContext() {
        return new LayerSpec(attention.withRope(attention.rope().withinShortContext()), feedForward);
    }
}
