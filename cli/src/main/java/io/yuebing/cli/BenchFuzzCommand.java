package io.yuebing.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Damages files on purpose. */
@Command(
        name = "fuzz",
        description = "Reads damaged model files: each must load, or be refused with one sentence that names the file.",
        footer = {
            "",
            "Files that end in anything else, in a long wait or in much memory are kept. Exit code 0 says that there",
            "were none, 1 that there were. The same seed damages the same files in the same way.",
            "",
            "Examples:",
            "  ./yuebing bench fuzz",
            "  ./yuebing bench fuzz --format gguf,gguf-split --mutations 100000 --seed 42",
            "  ./yuebing bench fuzz --mutations 100000 --minutes 30 --out found"
        })
final class BenchFuzzCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--format",
            paramLabel = "NAME",
            split = ",",
            description = {
                "Formats @|faint (all)|@: config, safetensors, gptq, awq, fp8, compressed-tensors, mxfp4, bitsandbytes,"
                        + " gguf, gguf-split, tokenizer, template."
            })
    private List<String> formats = List.of();

    @Option(
            names = "--mutations",
            paramLabel = "N",
            defaultValue = "2000",
            description = "Damaged files of each format @|faint (2000)|@.")
    private long mutations;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the damage @|faint (a random one, printed)|@.")
    private @Nullable Long seed;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            defaultValue = "60",
            description = "Stop after so long; all formats get the same part of it @|faint (60)|@.")
    private double minutes;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "fuzz-findings",
            description = "Where files are kept that were not handled well @|faint (fuzz-findings)|@.")
    private Path out = Path.of("");

    @Override
    public Integer call() throws InterruptedException {
        return FuzzRun.run(
                formats,
                mutations,
                seed,
                minutes,
                out,
                YuebingCommand.commandLine(spec).getOut());
    }
}
