package io.yuebing.cli;

import io.yuebing.cli.settings.Part;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the gateway. */
@Uses({Part.GATEWAY, Part.FAILOVER, Part.LISTEN, Part.ANSWERS, Part.LOG})
@Command(
        name = "gateway",
        description = "Runs the gateway: the public address over prefill and decode nodes.",
        footer = {
            "",
            "Nodes register themselves (node --gateway URL) or are named with --nodes. Tokenizer and",
            "template come from --model, otherwise from the first node.",
            "",
            "A request whose node dies or hangs goes on elsewhere, with the same tokens; if no node is",
            "left it waits for one as long as --failover-patience says. SIGTERM lets running requests",
            "finish, as long as --drain-timeout says; new ones get HTTP 503.",
            "",
            "Examples:",
            "  ./yuebing gateway --port 8000",
            "  ./yuebing gateway --failover-patience 30s --kv-load-failure fail",
            "  ./yuebing gateway --nodes http://10.0.0.5:8101,http://10.0.0.6:8102"
        })
final class GatewayCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--exit-with-parent",
            description = "End when standard input closes, as it does when the parent dies.")
    private boolean exitWithParent;

    @Override
    public Integer call() throws Exception {
        return ServerRun.gateway(SettingOptions.configuration(spec), exitWithParent);
    }
}
