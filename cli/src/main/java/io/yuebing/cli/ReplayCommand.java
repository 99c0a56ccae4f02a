package io.yuebing.cli;

import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.log.Logging;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Computes a step that failed once more. */
@Uses(Part.MODEL)
@Command(
        name = "replay",
        description = {
            "Computes a step that failed once more and shows where values leave the finite range.",
            "A node names the file in its error. It holds token ids and settings, no weights and no text."
        },
        footer = {
            "",
            "Examples:",
            "  ./yuebing replay crash-20260102T030405.678Z-1.json --model /models/Qwen2.5-7B-Instruct-GPTQ-Int4",
            "  ./yuebing replay crash-20260102T030405.678Z-1.json --text"
        })
final class ReplayCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The crash dump.")
    private Path file = Path.of("");

    @Option(names = "--text", description = "Also print the text of the sequences.")
    private boolean text;

    @Override
    public Integer call() throws InterruptedException {
        Configuration configuration = SettingOptions.configuration(spec);
        Logging.configure("replay", "warn");
        ModelLocator locator = ModelLocator.ofProcess(Terminal.detect(System.getenv()));
        StepReplay.run(
                file,
                () -> locator.locate(configuration),
                configuration,
                text,
                YuebingCommand.commandLine(spec).getOut());
        return 0;
    }
}
