package io.yuebing.model.decoder;

import java.util.List;

/**
 * Everything that determines a decoder's computation besides its weights: what a family declares of a model.
 *
 * @param dimensions sizes
 * @param maxPositions longest sequence, prompt and output together
 * @param normEps added to the mean square in every RMS norm
 * @param rope rotary position embedding
 * @param windows for each layer how many positions a token attends to, its own included; {@link #NO_WINDOW} = all
 * @param queryKeyValueBias whether query, key and value have a bias, which then must be in the files
 * @param tiedEmbeddings the output head is the embedding
 * @param names names of the tensors
 */
public record DecoderSpec(
        Dimensions dimensions,
        int maxPositions,
        float normEps,
        RopeSpec rope,
        List<Integer> windows,
        boolean queryKeyValueBias,
        boolean tiedEmbeddings,
        TensorNames names) {
    public static final int NO_WINDOW = 0;

    public DecoderSpec {
        windows = List.copyOf(windows);
    }
}
