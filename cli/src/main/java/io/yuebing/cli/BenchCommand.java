package io.yuebing.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The measurements; each is a subcommand. */
@Command(
        name = "bench",
        description = "Measures an engine, a server, transfers or single kernels; breaks a cluster on purpose.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            BenchEngineCommand.class,
            BenchServingCommand.class,
            BenchTransferCommand.class,
            BenchChaosCommand.class,
            BenchFuzzCommand.class,
            BenchMakeModelCommand.class
        },
        footerHeading = "%nOf the launcher itself:%n",
        footer = {
            "  @|bold jmh|@         runs the JMH benchmarks of single kernels whose names match",
            "",
            "Examples:",
            "  ./yuebing bench engine --model /models/Qwen2.5-0.5B-Instruct-GPTQ-Int4",
            "  ./yuebing bench serving --url http://localhost:8000 --rate 2 --html report.html",
            "  ./yuebing bench transfer --protocol tcp,shm --block 16KiB,1MiB",
            "  ./yuebing bench chaos --minutes 1",
            "  ./yuebing bench fuzz --format gguf --mutations 100000",
            "  ./yuebing bench jmh QuantizedProduct -p tokens=1,64"
        })
final class BenchCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        YuebingCommand.commandLine(spec).usage(YuebingCommand.commandLine(spec).getOut());
    }
}
