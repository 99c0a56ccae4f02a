package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;

/**
 * The sizes of a decoder.
 *
 * @param layers number of layers
 * @param hiddenSize width of the residual stream
 * @param intermediateSize width within the feed-forward part
 * @param heads query heads; a multiple of {@code kvHeads}
 * @param kvHeads key and value heads
 * @param headSize elements per head, even
 * @param vocabSize rows of the embedding
 */
public record Dimensions(
        int layers, int hiddenSize, int intermediateSize, int heads, int kvHeads, int headSize, int vocabSize) {

    /** Wider than any published model, small enough that products of two sizes fit an int. */
    private static final int MAX_WIDTH = 1 << 20;

    private static final int MAX_COUNT = 4096;
    private static final int MAX_VOCAB = 1 << 24;

    /** Reads config.json under transformers' names. */
    public static Dimensions read(JsonObject config) {
        int hidden = config.integer("hidden_size", 1, MAX_WIDTH);
        int heads = config.integer("num_attention_heads", 1, MAX_COUNT);
        int kvHeads =
                config.integerIfPresent("num_key_value_heads", 1, MAX_COUNT).orElse(heads);
        if (heads % kvHeads != 0) {
            throw new UserError(config.file() + ": num_attention_heads " + heads
                    + " must be a multiple of num_key_value_heads " + kvHeads);
        }
        int headSize = config.integerIfPresent("head_dim", 1, MAX_COUNT).orElse(hidden / heads);
        if (headSize == 0 || headSize % 2 != 0 || (!config.has("head_dim") && hidden % heads != 0)) {
            throw new UserError(config.file() + ": hidden_size " + hidden + " over num_attention_heads " + heads
                    + " gives head size " + headSize + "; expected an even whole number, or head_dim to say it");
        }
        return new Dimensions(
                config.integer("num_hidden_layers", 1, MAX_COUNT),
                hidden,
                config.integer("intermediate_size", 1, MAX_WIDTH),
                heads,
                kvHeads,
                headSize,
                config.integer("vocab_size", 1, MAX_VOCAB));
    }

    /** Width of all query heads side by side. */
    public int queryWidth() {
        return heads * headSize;
    }

    /** Width of all key heads, or all value heads, side by side. */
    public int kvWidth() {
        return kvHeads * headSize;
    }
}
