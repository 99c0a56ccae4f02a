package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * config.json of a decoder, read under the names that transformers gives to what many families have.
 *
 * <p>What a family leaves out has that family's default, which the caller says.
 */
record DecoderConfig(JsonObject json) {
    /** Wider than any published model, small enough that products of two sizes fit an int. */
    private static final int MAX_WIDTH = 1 << 20;

    private static final int MAX_COUNT = 4096;
    private static final int MAX_VOCAB = 1 << 24;
    private static final int MAX_POSITIONS = 1 << 30;

    int layers() {
        return count("num_hidden_layers");
    }

    int vocabSize() {
        return json.integer("vocab_size", 1, MAX_VOCAB);
    }

    int vocabSize(int byDefault) {
        return json.integerIfPresent("vocab_size", 1, MAX_VOCAB).orElse(byDefault);
    }

    int hiddenSize() {
        return width("hidden_size");
    }

    /** A number of things that must be there. */
    int count(String field) {
        return json.integer(field, 1, MAX_COUNT);
    }

    int count(String field, int byDefault) {
        return json.integerIfPresent(field, 0, MAX_COUNT).orElse(byDefault);
    }

    /** Number of experts under whichever name transformers' version gave it. */
    int expertCount(int byDefault) {
        return count("num_experts", count("num_local_experts", byDefault));
    }

    /** A number of outputs that must be there. */
    int width(String field) {
        return json.integer(field, 1, MAX_WIDTH);
    }

    boolean flag(String field, boolean byDefault) {
        return json.bool(field).orElse(byDefault);
    }

    /** {@code max_position_embeddings} */
    int positions(int byDefault) {
        return json.integerIfPresent("max_position_embeddings", 1, MAX_POSITIONS)
                .orElse(byDefault);
    }

    /** {@code head_dim}, or the hidden size over the heads. */
    int headSize() {
        int hidden = hiddenSize();
        int heads = count("num_attention_heads");
        int headSize = json.integerIfPresent("head_dim", 1, MAX_COUNT).orElse(hidden / heads);
        if (headSize == 0 || headSize % 2 != 0 || (!json.has("head_dim") && hidden % heads != 0)) {
            throw new UserError(json.file() + ": hidden_size " + hidden + " over num_attention_heads " + heads
                    + " gives head size " + headSize + "; expected an even whole number, or head_dim to say it");
        }
        return headSize;
    }

    /** {@code head_dim}, which has a default of its own in this family. */
    int headSize(int byDefault) {
        int headSize = json.integerIfPresent("head_dim", 1, MAX_COUNT).orElse(byDefault);
        if (headSize % 2 != 0) {
            throw new UserError(json.file() + ": head_dim must be even, found " + headSize);
        }
        return headSize;
    }

    /** Attention without window and biases. */
    GroupedQuery attention(int headSize, RopeSpec rope) {
        int heads = count("num_attention_heads");
        return attention(heads, count("num_key_value_heads", heads), headSize, rope);
    }

    /** The same with given numbers of heads. */
    GroupedQuery attention(int heads, int kvHeads, int headSize, RopeSpec rope) {
        if (heads < 1 || kvHeads < 1) {
            throw new UserError(json.file() + ": attention needs heads, found num_attention_heads " + heads
                    + " and num_key_value_heads " + kvHeads);
        }
        if (heads % kvHeads != 0) {
            throw new UserError(json.file() + ": num_attention_heads " + heads
                    + " must be a multiple of num_key_value_heads " + kvHeads);
        }
        return new GroupedQuery(heads, kvHeads, headSize, rope);
    }

    /**
     * Latent attention under DeepSeek's names. With yarn, products of queries and keys grow by {@code mscale_all_dim}: as in
     * {@code modeling_deepseek.py} and in transformers 5, but not in the {@code deepseek_v2} of transformers 4.57, which leaves
     * it out.
     *
     * @param bias see {@link Latent#bias}
     */
    Latent latent(int maxPositions, boolean bias) {
        int turned = width("qk_rope_head_dim");
        if (turned % 2 != 0) {
            throw new UserError(json.file() + ": qk_rope_head_dim must be even, found " + turned);
        }
        RopeSpec rope = RopeSpec.read(json, turned, maxPositions);
        if (flag("rope_interleave", true)) {
            rope = rope.ofNeighbours();
        }
        int plain = width("qk_nope_head_dim");
        double temperature = RopeSpec.yarnTemperature(json);
        return new Latent(
                count("num_attention_heads"),
                json.integerIfPresent("q_lora_rank", 0, MAX_WIDTH).orElse(0),
                width("kv_lora_rank"),
                plain,
                width("v_head_dim"),
                rope,
                (float) (temperature * temperature / Math.sqrt(plain + turned)),
                bias);
    }

    /** {@code intermediate_size} and {@code hidden_act}. */
    FeedForwardSpec.Dense dense() {
        return new FeedForwardSpec.Dense(width("intermediate_size"), activation(), false);
    }

    /** {@code n_routed_experts}, beside {@code n_shared_experts} that make one as wide as all of them. */
    FeedForwardSpec.Experts expertsBesideShared(Routing routing) {
        int width = width("moe_intermediate_size");
        return experts(count("n_routed_experts"), width, width * count("n_shared_experts", 0), routing);
    }

    /**
     * Experts with {@code hidden_act}.
     *
     * @param sharedWidth 0 = no shared expert
     */
    FeedForwardSpec.Experts experts(int experts, int width, int sharedWidth, Routing routing) {
        if (experts < 1 || routing.chosen() < 1 || routing.chosen() > experts) {
            throw new UserError(json.file() + ": a token cannot use " + routing.chosen() + " of " + experts
                    + " experts; expected at least 1 and no more than there are");
        }
        int groups = routing.groups();
        if (groups < 1
                || experts % groups != 0
                || routing.chosenGroups() < 1
                || routing.chosenGroups() > groups
                || routing.chosen() > experts / groups * routing.chosenGroups()) {
            throw new UserError(json.file() + ": " + routing.chosen() + " of " + experts + " experts cannot come from "
                    + routing.chosenGroups() + " of " + groups + " groups of equal size");
        }
        return new FeedForwardSpec.Experts(experts, width, sharedWidth, activation(), routing);
    }

    Activation activation() {
        return Activation.read(json, "hidden_act", Activation.SILU);
    }

    /** {@code sliding_window}; null or absent is {@link AttentionSpec#NO_WINDOW}. */
    int window() {
        return json.integerIfPresent("sliding_window", 0, Integer.MAX_VALUE).orElse(AttentionSpec.NO_WINDOW);
    }

    /**
     * Layers of which some attend to {@link #window} positions only: those that {@code layer_types} names, as
     * transformers writes them since 4.53.
     *
     * @param slides the family's rule for a layer's number, where there is no {@code layer_types}
     */
    List<LayerSpec> windowedLayers(GroupedQuery attention, int window, IntPredicate slides, FeedForwardSpec mlp) {
        return slidingLayers(slides).stream()
                .map(sliding -> new LayerSpec(sliding ? attention.withWindow(window) : attention, mlp))
                .toList();
    }

    /** For each layer whether it slides, as {@link #windowedLayers} says. */
    List<Boolean> slidingLayers(IntPredicate byDefault) {
        int layers = layers();
        List<String> types = json.texts("layer_types").orElse(List.of());
        if (!types.isEmpty() && types.size() != layers) {
            throw new UserError(json.file() + ": layer_types must name " + layers + " layers, found " + types.size());
        }
        List<Boolean> sliding = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            sliding.add(types.isEmpty() ? byDefault.test(layer) : slides(types.get(layer)));
        }
        return sliding;
    }

    private boolean slides(String type) {
        return switch (type) {
            case "sliding_attention" -> true;
            case "full_attention" -> false;
            default ->
                throw new UserError(json.file() + ": layer type '" + type
                        + "' is not supported; supported: full_attention, sliding_attention");
        };
    }

    /** Layers that are all the same. */
    List<LayerSpec> sameLayers(AttentionSpec attention, FeedForwardSpec feedForward) {
        return Collections.nCopies(layers(), new LayerSpec(attention, feedForward));
    }

    /** A decoder with plain norms and embeddings. */
    DecoderSpec decoder(int maxPositions, List<LayerSpec> layers, double normEps, TensorNames names) {
        return new DecoderSpec(
                vocabSize(),
                hiddenSize(),
                maxPositions,
                1,
                (float) json.number("rms_norm_eps", 0, 1).orElse(normEps),
                0,
                layers,
                DecoderSpec.NO_CAP,
                flag("tie_word_embeddings", false),
                names);
    }
}
