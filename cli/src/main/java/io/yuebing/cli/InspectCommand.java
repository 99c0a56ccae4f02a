package io.yuebing.cli;

import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Describes a model without loading its weights. */
@Uses(Part.HUB)
@Command(
        name = "inspect",
        description = "Prints what a model is and what it needs, without loading its weights.",
        footer = {
            "",
            "Examples:",
            "  ./yuebing inspect",
            "  ./yuebing inspect /models/Qwen2.5-7B-Instruct-GPTQ-Int4 --json"
        })
final class InspectCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(
            paramLabel = "MODEL",
            arity = "0..1",
            description = "Model folder or a repository that was fetched; default: the configured model.")
    private @Nullable String model;

    @Option(names = "--json", description = "Print JSON.")
    private boolean asJson;

    @Override
    public Integer call() throws InterruptedException {
        Configuration configuration = SettingOptions.configuration(spec);
        ModelLocator locator = ModelLocator.ofProcess(Terminal.detect(System.getenv()));
        ModelLocator.Located located =
                model == null ? locator.present(configuration) : locator.present(configuration, model);
        ModelReport report = ModelReport.of(located.name(), located.directory());
        PrintWriter out = YuebingCommand.commandLine(spec).getOut();
        if (asJson) {
            report.printJson(out);
        } else {
            report.print(out);
        }
        return 0;
    }
}
