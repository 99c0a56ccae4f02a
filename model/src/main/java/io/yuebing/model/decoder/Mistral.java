package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;

/**
 * Mistral (Jiang et al., 2023): Llama with a sliding window on all layers, which later models leave out. As in
 * transformers' {@code models/mistral} and {@code models/ministral}.
 *
 * @param name as in config.json
 */
record Mistral(String name) implements Architecture {
    /** What a config.json without the field means; {@code null} means no window. */
    private static final int DEFAULT_WINDOW = 4096;

    @Override
    public DecoderSpec spec(JsonObject json) {
        DecoderConfig config = new DecoderConfig(json);
        int positions = config.positions(131_072);
        int headSize = config.headSize();
        RopeSpec rope = RopeSpec.read(json, headSize, positions);
        int window = json.fields().contains("sliding_window") ? config.window() : DEFAULT_WINDOW;
        GroupedQuery attention = config.attention(headSize, rope);
        return config.decoder(
                rope.maxPositions(positions),
                config.windowedLayers(attention, window, layer -> true, config.dense()),
                1e-6,
                TensorNames.LLAMA);
    }
}
