package io.yuebing.model.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What families read from their config.json. */
class FamilySpecTest {
    private static DecoderSpec spec(Architecture architecture, String fields) {
        String json =
                "{\"hidden_size\": 64, \"intermediate_size\": 96, \"num_attention_heads\": 4, \"vocab_size\": 100,"
                        + " \"num_key_value_heads\": 2, \"num_hidden_layers\": 4, \"max_position_embeddings\": 256 "
                        + fields
                        + "}";
        return architecture.spec(JsonObject.parse("config.json", json.getBytes(StandardCharsets.UTF_8)));
    }

    private static Iterable<Integer> windows(DecoderSpec spec) {
        return spec.layers().stream().map(layer -> layer.attention().window()).toList();
    }

    @Test
    void gemma3ReadsTheSameUnderOldAndNewKeys() {
        DecoderSpec old = spec(
                new Gemma3(),
                ", \"head_dim\": 32, \"sliding_window\": 32, \"sliding_window_pattern\": 2, \"rope_theta\": 1000000,"
                        + " \"rope_local_base_freq\": 10000, \"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 8}");
        DecoderSpec transformers5 = spec(
                new Gemma3(),
                ", \"head_dim\": 32, \"sliding_window\": 32, \"layer_types\": [\"sliding_attention\","
                        + " \"full_attention\", \"sliding_attention\", \"full_attention\"], \"rope_parameters\": {"
                        + "\"full_attention\": {\"rope_type\": \"linear\", \"factor\": 8.0, \"rope_theta\": 1000000.0},"
                        + "\"sliding_attention\": {\"rope_type\": \"default\", \"rope_theta\": 10000.0}}");
        assertThat(transformers5).isEqualTo(old);
        assertThat(windows(old)).containsExactly(32, 0, 32, 0);
        assertThat(old.ropes()).extracting(RopeSpec::theta).containsExactly(10_000.0, 1_000_000.0);
        assertThat(old.ropes().getFirst().scaling()).isEqualTo(new RopeSpec.RopeScaling.None());
        assertThat(old.tiedEmbeddings()).isTrue();
        assertThat(old.maxPositions()).as("the file's number is the scaled one").isEqualTo(256);
    }

    @Test
    void gemma2HasLimitsUnlessTheFileSaysNull() {
        DecoderSpec spec = spec(new Gemma2(), "");
        assertThat(windows(spec)).containsExactly(4096, 0, 4096, 0);
        assertThat(spec.logitCap()).isEqualTo(30);
        assertThat(((GroupedQuery) spec.attention()).cap()).isEqualTo(50);
        DecoderSpec free = spec(new Gemma2(), ", \"attn_logit_softcapping\": null, \"final_logit_softcapping\": null");
        assertThat(free.logitCap()).isEqualTo(DecoderSpec.NO_CAP);
        assertThat(((GroupedQuery) free.attention()).cap()).isEqualTo(AttentionSpec.NO_CAP);
    }

    @Test
    void mistralHasAWindowUnlessTheFileSaysNull() {
        Architecture mistral = new Mistral("MistralForCausalLM");
        assertThat(windows(spec(mistral, ""))).containsOnly(4096);
        assertThat(windows(spec(mistral, ", \"sliding_window\": null"))).containsOnly(0);
        assertThat(windows(spec(mistral, ", \"sliding_window\": 16"))).containsOnly(16);
        assertThat(windows(spec(
                        mistral,
                        ", \"sliding_window\": 16, \"layer_types\": [\"full_attention\", \"sliding_attention\","
                                + " \"sliding_attention\", \"full_attention\"]")))
                .containsExactly(0, 16, 16, 0);
    }

    @Test
    void expertsAreWhereSparseStepAndPlainLayersLeaveThem() {
        DecoderSpec spec = spec(
                new Qwen3Moe(),
                ", \"moe_intermediate_size\": 32, \"num_experts\": 8, \"num_experts_per_tok\": 2,"
                        + " \"decoder_sparse_step\": 2, \"mlp_only_layers\": [3]");
        assertThat(spec.layers())
                .extracting(layer -> layer.feedForward() instanceof FeedForwardSpec.Experts)
                .containsExactly(false, true, false, false);
    }

    @Test
    void dynamicScalingKeepsTheAnglesOfTheOriginalContext() {
        DecoderSpec plain = spec(new Llama(), "");
        DecoderSpec dynamic = spec(new Llama(), ", \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 4.0}");
        assertThat(dynamic.maxPositions()).isEqualTo(256);
        assertThat(dynamic.ropes().getFirst().frequencies())
                .containsExactly(plain.ropes().getFirst().frequencies());
    }

    @Test
    void longRopeTurnsByTheFactorsOfTheLengthThatIsServed() {
        DecoderSpec spec = spec(
                new Phi3(),
                ", \"original_max_position_embeddings\": 64, \"rope_scaling\": {\"type\": \"longrope\","
                        + " \"short_factor\": [1, 1, 1, 1, 1, 1, 1, 1], \"long_factor\": [1, 1, 2, 2, 3, 3, 4, 4]}");
        float[] plain = spec(new Phi3(), "").ropes().getFirst().frequencies();

        assertThat(spec.maxPositions()).isEqualTo(256);
        assertThat(spec.servedUpTo(65)).isEqualTo(spec);
        assertThat(spec.ropes().getFirst().frequencies()[7]).isEqualTo(plain[7] / 4);
        DecoderSpec within = spec.servedUpTo(64);
        assertThat(within.ropes().getFirst().frequencies()).containsExactly(plain);
        assertThat(within.ropes().getFirst().attentionFactor())
                .isEqualTo(spec.ropes().getFirst().attentionFactor());
        assertThat(within.maxPositions()).isEqualTo(64);
        assertThat(spec.servedUpTo(10))
                .as("nodes that serve less pair with them")
                .isEqualTo(within);
        assertThat(within.servedUpTo(10)).isEqualTo(within);
    }

    @Test
    void wrongShapesOfExpertsAndRopeAreToldByFieldAndNumber() {
        String experts = ", \"moe_intermediate_size\": 32, \"n_routed_experts\": 8";
        assertThatThrownBy(() -> spec(new Glm4Moe(), experts + ", \"num_experts_per_tok\": 9"))
                .isInstanceOf(UserError.class)
                .hasMessage("config.json: a token cannot use 9 of 8 experts; expected at least 1 and no more than there"
                        + " are");
        assertThatThrownBy(() -> spec(new Glm4Moe(), experts + ", \"num_experts_per_tok\": 2, \"n_group\": 3"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("2 of 8 experts cannot come from 1 of 3 groups of equal size");
        assertThatThrownBy(() -> spec(
                        new Phi3(),
                        ", \"rope_scaling\": {\"type\": \"longrope\", \"short_factor\": [1, 1], \"long_factor\": [1]}"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("short_factor must have 8 numbers");
        assertThatThrownBy(() -> spec(new Gemma3(), ", \"use_bidirectional_attention\": true"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("use_bidirectional_attention is not supported");
        assertThatThrownBy(() -> spec(new Llama(), ", \"rope_scaling\": {\"rope_type\": \"linear\"}"))
                .isInstanceOf(UserError.class)
                .hasMessage("config.json: rope_scaling.factor is missing");
    }
}
