package io.yuebing.model.decoder;

import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.LayerGroup;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * Everything that determines a decoder's computation besides its weights: what a family declares of a model.
 *
 * @param vocabSize rows of the embedding
 * @param hiddenSize width of the residual stream
 * @param maxPositions longest sequence, prompt and output together
 * @param embeddingScale factor on the embedding's rows
 * @param normEps added to the mean square in every RMS norm
 * @param normOffset added to the weights of every RMS norm: 1 where the files hold the difference from 1
 * @param layers the layers, first to last
 * @param logitCap largest magnitude of a logit, softly: {@code cap * tanh(logit / cap)}; {@link #NO_CAP} = any
 * @param tiedEmbeddings the output head is the embedding
 * @param names names of the tensors, and so which optional parts there are
 */
public record DecoderSpec(
        int vocabSize,
        int hiddenSize,
        int maxPositions,
        float embeddingScale,
        float normEps,
        float normOffset,
        List<LayerSpec> layers,
        float logitCap,
        boolean tiedEmbeddings,
        TensorNames names) {
    public static final float NO_CAP = 0;

    public DecoderSpec {
        layers = List.copyOf(layers);
    }

    /** The same model as a part of a larger one. */
    DecoderSpec within(String prefix) {
        return new DecoderSpec(
                vocabSize,
                hiddenSize,
                maxPositions,
                embeddingScale,
                normEps,
                normOffset,
                layers,
                logitCap,
                tiedEmbeddings,
                names.within(prefix));
    }

    /** The same model whose norms have other offsets. */
    public DecoderSpec withNormOffset(float offset) {
        return new DecoderSpec(
                vocabSize,
                hiddenSize,
                maxPositions,
                embeddingScale,
                normEps,
                offset,
                layers,
                logitCap,
                tiedEmbeddings,
                names);
    }

    /** The same model for sequences of at most {@code positions}: some turn by other angles if those are few. */
    public DecoderSpec servedUpTo(int positions) {
        OptionalInt context = ropes().stream()
                .flatMapToInt(rope -> rope.shortContext().stream())
                .filter(original -> positions <= original)
                .min();
        return context.isPresent() ? withinShortContext(context.getAsInt()) : this;
    }

    private DecoderSpec withinShortContext(int positions) {
        return new DecoderSpec(
                vocabSize,
                hiddenSize,
                positions,
                embeddingScale,
                normEps,
                normOffset,
                layers.stream().map(LayerSpec::withinShortContext).toList(),
                logitCap,
                tiedEmbeddings,
                names);
    }

    /** The layers that share block tables. */
    public List<LayerGroup> layerGroups() {
        return LayerGroup.of(
                layers.stream().map(layer -> layer.attention().window()).toList());
    }

    /** The layout of the KV cache, in which groups of layers share the blocks; all layers keep the same of a token. */
    public KvLayout kvLayout(int blocks, int blockSize, ElementType type, String fingerprint) {
        int layersOfGroup = layerGroups().getFirst().layers().size();
        return attention().kvLayout(layersOfGroup, blocks, blockSize, type, fingerprint);
    }

    /** The first layer's attention, whose sizes are those of all. */
    public AttentionSpec attention() {
        return layers.getFirst().attention();
    }

    /** The distinct rotary embeddings; a layer refers to its own by index. */
    List<RopeSpec> ropes() {
        return layers.stream().map(layer -> layer.attention().rope()).distinct().toList();
    }

    /** Layers that attend to a window only. */
    public int windowedLayers() {
        return (int) layers.stream()
                .filter(layer -> layer.attention().window() != AttentionSpec.NO_WINDOW)
                .count();
    }

    /** For people, for example {@code 2 of 8 for each token in 32 layers}. */
    public String describeExperts() {
        List<FeedForwardSpec.Experts> sparse = layers.stream()
                .map(LayerSpec::feedForward)
                .filter(FeedForwardSpec.Experts.class::isInstance)
                .map(FeedForwardSpec.Experts.class::cast)
                .toList();
        if (sparse.isEmpty()) {
            return "none";
        }
        FeedForwardSpec.Experts first = sparse.getFirst();
        return first.routing().chosen() + " of " + first.experts() + " for each token in " + sparse.size() + " layers"
                + (first.sharedWidth() > 0 ? ", and a shared one" : "");
    }

    /** For people. */
    public String describeRope() {
        return ropes().stream().map(RopeSpec::describe).collect(Collectors.joining("; "));
    }
}
