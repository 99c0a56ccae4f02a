package io.yuebing.model.decoder;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.util.List;
import java.util.stream.Collectors;

/** The families that are supported. */
public final class Architectures {
    private static final List<Architecture> ALL = List.of(
            new Llama(),
            new Mistral("MistralForCausalLM"),
            new Mistral("MinistralForCausalLM"),
            new Mixtral(),
            new Qwen2(),
            new Qwen2Moe(),
            new Qwen3(),
            new Qwen3Moe(),
            new Gemma2(),
            new Gemma3(),
            new TextModel("Gemma3ForConditionalGeneration", "language_model.", new Gemma3()),
            new Phi3(),
            new Glm4("GlmForCausalLM", false),
            new Glm4("Glm4ForCausalLM", true),
            new Glm4Moe(),
            new Glm4MoeLite(),
            new DeepSeek("DeepseekV2ForCausalLM", DeepSeek.Version.V2),
            new DeepSeek("DeepseekV3ForCausalLM", DeepSeek.Version.V3),
            new TextModel(
                    "KimiK25ForConditionalGeneration",
                    "language_model.",
                    new DeepSeek("DeepseekV3ForCausalLM", DeepSeek.Version.V3)));

    private Architectures() {}

    /** All families. */
    public static List<Architecture> all() {
        return ALL;
    }

    /**
     * Finds the family of a model.
     *
     * @param config config.json
     * @throws UserError naming the supported ones if it is none of them
     */
    public static Architecture of(JsonObject config) {
        List<String> names = config.texts("architectures").orElseThrow(() -> config.missing("architectures"));
        return ALL.stream()
                .filter(architecture -> names.contains(architecture.name()))
                .findFirst()
                .orElseThrow(() -> new UserError(config.file() + ": architecture " + String.join(", ", names)
                        + " is not supported; supported: "
                        + names()));
    }

    /** The supported ones, as in config.json. */
    public static String names() {
        return ALL.stream().map(Architecture::name).collect(Collectors.joining(", "));
    }
}
