package io.yuebing.cli;

import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.log.Logging;
import io.yuebing.cli.process.ExitSignals;
import io.yuebing.cli.process.ParentWatch;
import io.yuebing.cli.process.Ports;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Settings;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;

/** The life of a process that serves: starts one server, waits for the wish to end, closes it. */
final class ServerRun {
    private ServerRun() {}

    /** Runs a node of the configured role; the parameters are those of {@link #run}. */
    static int node(Configuration configuration, boolean endsWithParent) throws Exception {
        String role = configuration.get(Settings.ROLE);
        return run(role.equals("both") ? "node" : role, configuration, endsWithParent, () -> {
            Terminal terminal = Terminal.detect(System.getenv());
            return NodeStart.start(
                    configuration, ModelLocator.ofProcess(terminal).locate(configuration), role);
        });
    }

    /** Runs a gateway; the parameters are those of {@link #run}. */
    static int gateway(Configuration configuration, boolean endsWithParent) throws Exception {
        return run("gateway", configuration, endsWithParent, () -> {
            Terminal terminal = Terminal.detect(System.getenv());
            Optional<Path> model = configuration.find(Settings.MODEL_LOCATION).isPresent()
                    ? Optional.of(ModelLocator.ofProcess(terminal)
                            .locate(configuration)
                            .directory())
                    : Optional.empty();
            return GatewayStart.start(configuration, model);
        });
    }

    /**
     * Runs until SIGINT or SIGTERM, or until somebody asks for the end over the network. SIGTERM drains the server; the second
     * signal ends the process at once.
     *
     * @param process name of this process in the log
     * @param endsWithParent whether this process is a child of {@code up}
     * @param start starts the server
     * @return the exit code
     */
    static int run(
            String process,
            Configuration configuration,
            boolean endsWithParent,
            Callable<? extends RunningServer> start)
            throws Exception {
        Logging.configure(process, configuration.get(Settings.LOG_LEVEL));
        if (endsWithParent) {
            ExitSignals.ignoreInterrupt();
            ParentWatch.start();
        }
        Ports.requireFree(configuration.get(Settings.HOST), configuration.get(Settings.PORT));
        ExitSignals signals = (endsWithParent ? ExitSignals.installForChild() : ExitSignals.install()).whileStarting();
        try (RunningServer server = start.call()) {
            signals.serving();
            server.onDrainRequest(() -> signals.askOnce(ExitSignals.TERMINATED));
            int code = signals.await();
            if (code != ExitSignals.TERMINATED) {
                return code;
            }
            server.drain();
            return 0;
        }
    }
}
