package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.model.json.JsonObject;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How the layers of a checkpoint are quantised, as its configuration says.
 *
 * <p>Layers that a configuration means to quantise are often left as floats, the output head for example. What a layer's
 * tensors are called decides then: see {@link LinearFormat#holds}.
 */
public sealed interface Quantization permits GptqLayers, AwqConfig, Fp8Config, CompressedTensors, BitsAndBytesConfig {
    /** Ends the refusal of everything else. */
    String SUPPORTED = "supported: gptq with 2, 3, 4 or 8 bits, awq (gemm) with 4 bits, fp8 and fbgemm_fp8 (e4m3),"
            + " compressed-tensors (pack-quantized with 4 or 8 bits, int-quantized and float-quantized with 8,"
            + " mxfp4-pack-quantized), bitsandbytes with 4 bits, and no quantisation (f32, f16, bf16); take a variant of the model in one of"
            + " these, or quantise its unquantised weights with ./yuebing quantize";

    /** How a layer is held where it is quantised; empty if it is certainly not. */
    Optional<LinearFormat> formatOf(String layer);

    /** For people, for example {@code gptq 4 bit, group 128, symmetric}. */
    String describe();

    /**
     * Reads the quantisation of a model: {@code quantization_config} of config.json, or the file beside it that older
     * models have.
     *
     * @param config config.json
     * @param dir the model's directory
     * @return empty if the model is not quantised
     * @throws UserError if it is quantised in a way that is not supported
     */
    static Optional<Quantization> read(JsonObject config, Path dir) {
        return config.object("quantization_config")
                .or(() -> config.object("compression_config"))
                .or(() -> config.object("text_config").flatMap(text -> text.object("quantization_config")))
                .map(json -> of(json, json.text("quant_method").orElse("gptq")))
                .or(() -> JsonObject.readIfPresent(dir.resolve("quantize_config.json"))
                        .map(json -> of(json, json.text("quant_method").orElse("gptq"))))
                .or(() -> JsonObject.readIfPresent(dir.resolve("quant_config.json"))
                        .map(AwqConfig::of));
    }

    private static Quantization of(JsonObject json, String method) {
        return switch (method) {
            case "gptq" -> GptqLayers.of(json);
            case "awq" -> AwqConfig.of(json);
            case "fp8", "fbgemm_fp8" -> Fp8Config.of(json);
            case "bitsandbytes" -> BitsAndBytesConfig.of(json);
            case "compressed-tensors" -> CompressedTensors.of(json);
            default -> throw unsupported(json, "quant_method '" + method + "'");
        };
    }

    /** The error of a scheme that is not supported. */
    static UserError unsupported(JsonObject json, String what) {
        return new UserError(json.file() + ": " + what + " is not supported; " + SUPPORTED);
    }
}
