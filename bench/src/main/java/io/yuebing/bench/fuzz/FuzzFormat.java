package io.yuebing.bench.fuzz;

import io.yuebing.api.UserError;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The formats of files that come from elsewhere. */
public enum FuzzFormat {
    CONFIG(SafetensorsSamples::configurations),
    SAFETENSORS(SafetensorsSamples::floats),
    GPTQ(SafetensorsSamples::gptq),
    AWQ(SafetensorsSamples::awq),
    FP8(SafetensorsSamples::fp8),
    COMPRESSED_TENSORS(SafetensorsSamples::compressedTensors),
    MXFP4(SafetensorsSamples::mxfp4),
    BITSANDBYTES(SafetensorsSamples::bitsAndBytes),
    GGUF(GgufSamples::everyType),
    GGUF_SPLIT(GgufSamples::split),
    TOKENIZER(TextSamples::tokenizers),
    TEMPLATE(TextSamples::templates);

    private final Supplier<List<FuzzSample>> samples;

    FuzzFormat(Supplier<List<FuzzSample>> samples) {
        this.samples = samples;
    }

    /** Valid small files of this format. */
    List<FuzzSample> samples() {
        return samples.get();
    }

    /** As on the command line, for example {@code gguf-split}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The format of a label.
     *
     * @throws UserError naming the known ones
     */
    public static FuzzFormat named(String label) {
        return Arrays.stream(values())
                .filter(format -> format.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new UserError("--format '" + label + "' is not known; known: "
                        + Arrays.stream(values()).map(FuzzFormat::label).collect(Collectors.joining(", "))));
    }
}
