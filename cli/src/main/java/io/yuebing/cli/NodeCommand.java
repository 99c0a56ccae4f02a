package io.yuebing.cli;

import io.yuebing.cli.settings.Part;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs one node. */
@Uses({Part.NODE, Part.MODEL, Part.LISTEN, Part.ANSWERS, Part.PLACE, Part.LOG})
@Command(
        name = "node",
        description = "Runs one node of role prefill, decode or both.",
        footer = {
            "",
            "SIGTERM, or ./yuebing drain, makes it take no new work and end with code 0 when running",
            "requests have finished or moved to other nodes; a second signal ends it at once.",
            "",
            "Examples:",
            "  ./yuebing node --role prefill --port 8101 --gateway http://127.0.0.1:8000",
            "  ./yuebing node --role decode  --port 8102 --gateway http://127.0.0.1:8000"
        })
final class NodeCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--exit-with-parent",
            description = "End when standard input closes, as it does when the parent dies.")
    private boolean exitWithParent;

    @Override
    public Integer call() throws Exception {
        return ServerRun.node(SettingOptions.configuration(spec), exitWithParent);
    }
}
