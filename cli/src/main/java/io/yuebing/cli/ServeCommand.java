package io.yuebing.cli;

import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Serves a model from one process. */
@Uses({Part.NODE, Part.MODEL, Part.LISTEN, Part.ANSWERS, Part.LOG})
@Command(
        name = "serve",
        description = "Serves a model from one process: a node of role both, without a gateway.",
        footer = {
            "",
            "Examples:",
            "  ./yuebing serve",
            "  ./yuebing serve --model Qwen/Qwen2.5-0.5B-Instruct-GPTQ-Int4 --port 9000"
        })
final class ServeCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Configuration configuration = SettingOptions.configuration(spec);
        Terminal terminal = Terminal.detect(System.getenv());
        return ServerRun.run("serve", configuration, false, () -> {
            ModelLocator.Located model = ModelLocator.ofProcess(terminal).locate(configuration);
            return NodeStart.start(configuration, model, "both");
        });
    }
}
