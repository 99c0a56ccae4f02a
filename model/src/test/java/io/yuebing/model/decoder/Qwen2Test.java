package io.yuebing.model.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yuebing.model.json.JsonObject;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class Qwen2Test {
    private static DecoderSpec spec(String fields) {
        String json =
                "{\"hidden_size\": 128, \"intermediate_size\": 256, \"num_attention_heads\": 8, \"vocab_size\": 100,"
                        + " \"num_hidden_layers\": 4, \"max_position_embeddings\": 256 " + fields + "}";
        return new Qwen2().spec(JsonObject.parse("config.json", json.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void yarnReadsTheSameUnderOldAndNewKeys() {
        DecoderSpec old = spec(", \"rope_theta\": 1e6, \"rope_scaling\":"
                + " {\"type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 64}");
        DecoderSpec renamed = spec(", \"rope_theta\": 1000000, \"rope_scaling\":"
                + " {\"rope_type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 64}");
        DecoderSpec transformers5 = spec(", \"rope_scaling\": null, \"rope_parameters\": {\"rope_theta\": 1000000,"
                + " \"rope_type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 64}");
        assertThat(renamed).isEqualTo(old);
        assertThat(transformers5).isEqualTo(old);
        assertThat(old.maxPositions()).isEqualTo(256);
    }

    /** Values of transformers' {@code _compute_yarn_parameters}, worked out by hand for head size 16. */
    @Test
    void yarnStretchesLongWavelengthsOnly() {
        RopeSpec rope = spec(", \"rope_theta\": 10000, \"rope_scaling\":"
                        + " {\"type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 4096}")
                .attention()
                .rope();
        float[] frequencies = rope.frequencies();
        assertThat(rope.attentionFactor()).isCloseTo(1.1386294f, within(1e-6f));
        assertThat(frequencies[0]).as("shortest wavelength stays").isEqualTo(1);
        assertThat(frequencies[2]).as("the last that stays").isCloseTo(0.1f, within(1e-7f));
        assertThat(frequencies[4]).as("half way").isCloseTo(0.01f * (0.5f / 4 + 0.5f), within(1e-7f));
        assertThat(frequencies[7])
                .as("longest is stretched")
                .isCloseTo((float) Math.pow(10000, -0.875) / 4, within(1e-9f));
    }

    @Test
    void anAttentionFactorOfTheModelIsTaken() {
        RopeSpec rope = spec(", \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0, \"attention_factor\": 0.5,"
                        + " \"original_max_position_embeddings\": 64}")
                .attention()
                .rope();
        assertThat(rope.attentionFactor()).isEqualTo(0.5f);
    }

    @Test
    void yarnExtendsTheLongestSequence() {
        assertThat(spec(", \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0,"
                                + " \"original_max_position_embeddings\": 256}")
                        .maxPositions())
                .isEqualTo(1024);
    }

    @Test
    void windowsSlideFromTheirFirstLayerOrByLayerTypes() {
        assertThat(spec(", \"sliding_window\": 64, \"use_sliding_window\": false, \"max_window_layers\": 1")
                        .layers())
                .extracting(layer -> layer.attention().window())
                .containsExactly(0, 0, 0, 0);
        assertThat(spec(", \"sliding_window\": 64, \"use_sliding_window\": true, \"max_window_layers\": 3")
                        .layers())
                .extracting(layer -> layer.attention().window())
                .containsExactly(0, 0, 0, 64);
        assertThat(
                        spec(", \"sliding_window\": 64, \"use_sliding_window\": true, \"layer_types\": [\"sliding_attention\","
                                        + " \"full_attention\", \"sliding_attention\", \"full_attention\"]")
                                .layers())
                .extracting(layer -> layer.attention().window())
                .containsExactly(64, 0, 64, 0);
    }

    @Test
    void headSizeAndKvHeadsHaveTheDefaultsOfTransformers() {
        AttentionSpec plain = spec("").attention();
        assertThat(plain.headSize()).isEqualTo(16);
        assertThat(plain.kvHeads()).isEqualTo(8);
        assertThat(spec(", \"head_dim\": 32").attention().headSize()).isEqualTo(32);
    }
}
