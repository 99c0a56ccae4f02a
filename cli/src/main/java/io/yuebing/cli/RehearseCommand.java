package io.yuebing.cli;

import io.yuebing.cli.chat.ChatClient;
import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.log.Logging;
import io.yuebing.cli.process.Ports;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Setting;
import io.yuebing.cli.settings.Settings;
import io.yuebing.cli.up.Backoff;
import io.yuebing.cli.up.ChildSpec;
import io.yuebing.cli.up.Probe;
import io.yuebing.cli.up.Supervisor;
import io.yuebing.cli.up.UpDisplay;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * Does in a few seconds what a process does when it starts and serves, so that Java can keep the loaded and linked
 * classes for later starts; the launcher runs it after each build.
 */
@Command(name = "rehearse", hidden = true, description = "Runs briefly to fill Java's start-up cache.")
final class RehearseCommand implements Callable<Integer> {
    private static final String HOST = "127.0.0.1";
    private static final int TOKENS = 64;

    @Parameters(paramLabel = "front|node", description = "Which kind of process to rehearse.")
    private String kind = "";

    @Override
    public Integer call() throws Exception {
        Logging.configure("rehearse", "warn");
        Terminal terminal = Terminal.detect(Map.of());
        ModelLocator locator = ModelLocator.ofProcess(terminal);
        Configuration configuration = configuration(Ports.free(1).getFirst());
        ModelLocator.Located model = locator.locate(configuration);
        if (kind.equals("node")) {
            try (RunningServer node = NodeStart.start(configuration, model, "both")) {
                converse(node.uri(), model.name());
            }
        } else {
            try (RunningServer gateway = GatewayStart.start(configuration, Optional.of(model.directory()))) {
                supervise(terminal, gateway.uri());
            }
        }
        return 0;
    }

    private static Configuration configuration(int port) {
        Map<Setting<?>, String> flags =
                Map.of(Settings.HOST, HOST, Settings.PORT, String.valueOf(port), Settings.KV_BLOCKS, "512");
        return Configuration.resolve(flags, Map.of(), Optional.empty());
    }

    private static void converse(URI server, String model) throws InterruptedException {
        ChatClient.Style style = new ChatClient.Style(OptionalInt.of(TOKENS), OptionalDouble.of(0));
        try (ChatClient client = new ChatClient(server, Optional.empty())) {
            client.answer(model, List.of(new ChatClient.Message("user", "What is 7 + 5?")), style, piece -> {});
        }
    }

    /** What {@code up} does, with a child that ends at once, and the gateway's answer to it. */
    private static void supervise(Terminal terminal, URI gateway) throws InterruptedException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Probe gatewayAnswers = () -> {
            Probe.http(HOST, gateway.getPort()).ready();
            return true;
        };
        List<ChildSpec> children = List.of(
                new ChildSpec("java", List.of(java.toString(), "-version"), gatewayAnswers, gateway.toString()));
        try (UpDisplay display = new UpDisplay(System.out, terminal, List.of("java"));
                Supervisor supervisor = Supervisor.start(children, display, Backoff.DEFAULT)) {
            supervisor.awaitReady();
        }
    }
}
