package io.yuebing.model.decoder;

import io.yuebing.model.json.JsonObject;
import java.util.Optional;

/**
 * A family of decoder-only models: how its config.json describes the computation that {@link Decoder} carries out.
 *
 * <p>A new family is a class of its own and a line in {@link Architectures}. What it does differently it declares in the
 * {@link DecoderSpec}; the decoder never asks which family it runs.
 */
public interface Architecture {

    /** As in config.json's {@code architectures}, for example {@code Qwen2ForCausalLM}. */
    String name();

    /**
     * Reads the description.
     *
     * @param config config.json
     * @throws io.yuebing.api.UserError if a field is missing, out of range or asks for something unsupported
     */
    DecoderSpec spec(JsonObject config);

    /** How GGUF files hold such models; empty if they are not read from GGUF. */
    default Optional<GgufForm> gguf() {
        return Optional.empty();
    }
}
