package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.Collections;

/**
 * Llama 2, 3 and the many models of their shape (Touvron et al., 2023; Grattafiori et al., 2024). As in transformers'
 * {@code models/llama}.
 */
final class Llama implements Architecture {
    @Override
    public String name() {
        return "LlamaForCausalLM";
    }

    @Override
    public DecoderSpec spec(JsonObject config) {
        config.text("hidden_act").filter(act -> !act.equals("silu")).ifPresent(act -> {
            throw new UserError(config.file() + ": hidden_act '" + act + "' is not supported; supported: silu");
        });
        Dimensions dimensions = Dimensions.read(config);
        int positions =
                config.integerIfPresent("max_position_embeddings", 1, 1 << 30).orElse(2048);
        RopeSpec rope = RopeSpec.read(config, dimensions.headSize(), positions);
        return new DecoderSpec(
                dimensions,
                rope.maxPositions(positions),
                (float) config.number("rms_norm_eps", 0, 1).orElse(1e-6),
                rope,
                Collections.nCopies(dimensions.layers(), DecoderSpec.NO_WINDOW),
                config.bool("attention_bias").orElse(false),
                config.bool("tie_word_embeddings").orElse(false),
                TensorNames.LLAMA);
    }
}
