package io.yuebing.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes a model to measure with. */
@Command(
        name = "make-model",
        description = {
            "Makes a model with random weights, to compare speeds with: nothing that it says means anything.",
            "gptq-int4 and bf16 give a directory with safetensors, the others a GGUF file that llama.cpp reads too."
        },
        footer = {
            "",
            "Examples:",
            "  ./yuebing bench make-model --geometry qwen2.5-0.5b --format gptq-int4 --out models/random-0.5b",
            "  ./yuebing bench make-model --geometry qwen2.5-7b --format q4_0 --out random-7b.gguf"
        })
final class BenchMakeModelCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--geometry",
            required = true,
            paramLabel = "qwen2.5-0.5b|qwen2.5-1.5b|qwen2.5-7b|tiny",
            description = "Sizes of the model.")
    private String geometry = "";

    @Option(
            names = "--format",
            required = true,
            paramLabel = "gptq-int4|bf16|q4_0|q8_0|f16|bf16-gguf",
            description = "How the weights are stored.")
    private String format = "";

    @Option(names = "--out", required = true, paramLabel = "PATH", description = "The file or directory to make.")
    private Path out = Path.of("");

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Seed of the weights @|faint (1)|@.")
    private long seed;

    @Override
    public Integer call() {
        PrintWriter to = YuebingCommand.commandLine(spec).getOut();
        ModelMaking.run(geometry, format, out, seed, to);
        return 0;
    }
}
