package io.yuebing.cli;

import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures the speed of the engine on a model. */
@Uses({Part.ENGINE, Part.MODEL})
@Command(
        name = "engine",
        description = {
            "Measures prefill and decode of the engine on a model, without a server.",
            "Speeds are medians of the rounds. The limits that they are compared with, reading memory and float"
                    + " multiply-adds, are measured in the same run.",
            "Large models are loaded as a node loads them, from repacked weights of an earlier start if there are any;"
                    + " --weight-cache 0 measures the loading without."
        },
        footer = {
            "",
            "Examples:",
            "  ./yuebing bench engine",
            "  ./yuebing bench engine --model /models/Qwen2.5-1.5B-Instruct-GPTQ-Int4 --batch 1,16 --threads 2",
            "  ./yuebing bench engine --structured --batch 1 --rounds 5",
            "  ./yuebing bench engine --model model.gguf --prompt 32768 --batch 1 --rounds 1 --json"
        })
final class BenchEngineCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--prompt",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens of each prompt @|faint (512)|@.")
    private int prompt;

    @Option(
            names = "--generate",
            paramLabel = "N",
            defaultValue = "64",
            description = "Tokens that each sequence generates while it is measured @|faint (64)|@.")
    private int generate;

    @Option(
            names = "--batch",
            paramLabel = "N[,N]",
            split = ",",
            defaultValue = "1,4,16",
            description = "Numbers of sequences at once @|faint (1,4,16)|@.")
    private List<Integer> batches = List.of();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description = "Measurements of each batch, in turn @|faint (3)|@.")
    private int rounds;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Seed of the random prompts @|faint (1)|@.")
    private long seed;

    @Option(
            names = "--structured",
            description =
                    "Measure each batch again with answers held to a JSON schema, and print how much longer its steps take.")
    private boolean structured;

    @Option(names = "--json", description = "Print one JSON object as the last line.")
    private boolean asJson;

    @Override
    public Integer call() throws InterruptedException {
        Configuration configuration = SettingOptions.configuration(spec);
        EngineMeasurement.Wish wish = new EngineMeasurement.Wish(prompt, generate, batches, rounds, seed, structured);
        EngineMeasurement.run(
                configuration, wish, asJson, YuebingCommand.commandLine(spec).getOut());
        return 0;
    }
}
