package io.yuebing.bench.make;

import io.yuebing.api.UserError;
import java.util.Arrays;
import java.util.stream.Collectors;

/** How the weights of a made model are stored. */
public enum WeightFormat {
    /** A directory with safetensors: 4-bit codes, groups of 128, symmetric; embedding and head in half precision. */
    GPTQ_INT4("gptq-int4"),
    /** A directory with safetensors in bfloat16. */
    BF16("bf16"),
    /** A GGUF file: 32 codes of 4 bits with a scale. */
    Q4_0("q4_0"),
    /** A GGUF file: 32 codes of 8 bits with a scale. */
    Q8_0("q8_0"),
    /** A GGUF file in half precision. */
    F16("f16"),
    /** A GGUF file in bfloat16. */
    BF16_GGUF("bf16-gguf");

    private final String label;

    WeightFormat(String label) {
        this.label = label;
    }

    /** As on the command line. */
    public String label() {
        return label;
    }

    /**
     * The format of that label.
     *
     * @throws UserError if there is none
     */
    public static WeightFormat named(String label) {
        return Arrays.stream(values())
                .filter(format -> format.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new UserError("--format: expected one of "
                        + Arrays.stream(values()).map(WeightFormat::label).collect(Collectors.joining(", "))
                        + ", got '" + label + "'"));
    }
}
