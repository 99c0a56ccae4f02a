package io.yuebing.cli;

import io.yuebing.cli.hub.ModelLocator;
import io.yuebing.cli.process.Addresses;
import io.yuebing.cli.process.ExitSignals;
import io.yuebing.cli.process.JavaCommand;
import io.yuebing.cli.process.Ports;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import io.yuebing.cli.settings.Setting;
import io.yuebing.cli.settings.Settings;
import io.yuebing.cli.up.Backoff;
import io.yuebing.cli.up.ChildSpec;
import io.yuebing.cli.up.Probe;
import io.yuebing.cli.up.Supervisor;
import io.yuebing.cli.up.UpDisplay;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Runs a whole system on this machine: a prefill node, a decode node and a gateway, each in its own process. */
@Uses({Part.NODE, Part.FAILOVER, Part.MODEL, Part.LISTEN, Part.ANSWERS, Part.LOG})
@Command(
        name = "up",
        description = "Starts a prefill node, a decode node and a gateway on this machine; Ctrl-C stops all.",
        footer = {
            "",
            "Host and port are the gateway's; the nodes take free ports on the loopback address.",
            "",
            "Examples:",
            "  ./yuebing up",
            "  ./yuebing up --model /models/Qwen2.5-7B-Instruct-GPTQ-Int4 --port 9000",
            "  ./yuebing up --model Qwen/Qwen2.5-0.5B-Instruct-GPTQ-Int4 --kv-memory 2GiB"
        })
final class UpCommand implements Callable<Integer> {
    private static final String LOOPBACK = "127.0.0.1";
    private static final String GATEWAY = "gateway";
    private static final String PREFILL = "prefill";
    private static final String DECODE = "decode";

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        long began = Launch.nanoTime();
        Configuration configuration = SettingOptions.configuration(spec);
        Ports.requireFree(configuration.get(Settings.HOST), configuration.get(Settings.PORT));
        JavaCommand java = JavaCommand.of(System.getProperties(), System.getenv());
        Terminal terminal = Terminal.detect(System.getenv());
        ModelLocator.Located model = ModelLocator.ofProcess(terminal).locate(configuration);
        List<ChildSpec> children = children(configuration, java, model);
        ExitSignals signals = ExitSignals.install();
        try (UpDisplay display = new UpDisplay(
                        System.out,
                        terminal,
                        children.stream().map(ChildSpec::name).toList());
                Supervisor supervisor = Supervisor.start(children, display, Backoff.DEFAULT)) {
            Thread.ofPlatform().daemon().name("greeting").start(() -> {
                Optional<Integer> hopeless = awaitReady(supervisor);
                display.close();
                if (hopeless.isPresent()) {
                    signals.ask(hopeless.get());
                } else if (!signals.asked()) {
                    Duration took = Duration.ofNanos(System.nanoTime() - began);
                    new Greeting(gatewayUrl(configuration), model.name(), took, terminal)
                            .lines()
                            .forEach(display::print);
                }
            });
            int exitCode = signals.await();
            display.close();
            return exitCode;
        }
    }

    private static Optional<Integer> awaitReady(Supervisor supervisor) {
        try {
            return supervisor.awaitReady();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** The processes, in the order in which they are stopped: first the one that clients talk to. */
    private List<ChildSpec> children(Configuration configuration, JavaCommand java, ModelLocator.Located model) {
        List<Integer> ports = Ports.free(2);
        return List.of(
                gateway(configuration, java, model),
                node(configuration, java, model, PREFILL, ports.get(0)),
                node(configuration, java, model, DECODE, ports.get(1)));
    }

    private ChildSpec gateway(Configuration configuration, JavaCommand java, ModelLocator.Located model) {
        Map<Setting<?>, String> settings = given(configuration, Set.of(Part.ANSWERS, Part.FAILOVER, Part.LOG));
        settings.put(Settings.HOST, configuration.get(Settings.HOST));
        settings.put(Settings.PORT, String.valueOf(configuration.get(Settings.PORT)));
        settings.put(Settings.MODEL_LOCATION, model.directory().toString());
        settings.put(Settings.DRAIN_TIMEOUT, "0s"); // its nodes end right after it
        return new ChildSpec(
                GATEWAY,
                java.gateway(new ChildCall(ChildCall.Kind.GATEWAY, settings, debug()).arguments()),
                Probe.http(Addresses.reachable(configuration.get(Settings.HOST)), configuration.get(Settings.PORT)),
                gatewayUrl(configuration));
    }

    private ChildSpec node(
            Configuration configuration, JavaCommand java, ModelLocator.Located model, String role, int port) {
        Map<Setting<?>, String> settings = given(configuration, Set.of(Part.NODE, Part.ANSWERS, Part.LOG));
        settings.put(Settings.ROLE, role);
        settings.put(Settings.HOST, LOOPBACK);
        settings.put(Settings.PORT, String.valueOf(port));
        settings.put(Settings.GATEWAY_URL, gatewayUrl(configuration));
        settings.put(Settings.MODEL_LOCATION, model.directory().toString());
        settings.put(Settings.SERVED_MODEL_NAME, model.name());
        settings.putIfAbsent(Settings.SHARE_WEIGHTS, "true"); // two nodes of one model
        return new ChildSpec(
                role,
                java.node(
                        configuration.get(Settings.KERNELS),
                        new ChildCall(ChildCall.Kind.NODE, settings, debug()).arguments()),
                Probe.http(LOOPBACK, port),
                Addresses.url(LOOPBACK, port));
    }

    private boolean debug() {
        return YuebingCommand.debug(YuebingCommand.commandLine(spec).getCommandSpec());
    }

    /** What the person gave of the parts' settings, however it was given. */
    private static Map<Setting<?>, String> given(Configuration configuration, Set<Part> parts) {
        Map<Setting<?>, String> given = new LinkedHashMap<>();
        for (Setting<?> setting : Settings.of(parts)) {
            configuration.resolved(setting).text().ifPresent(text -> given.put(setting, text));
        }
        return given;
    }

    private static String gatewayUrl(Configuration configuration) {
        return Addresses.url(Addresses.reachable(configuration.get(Settings.HOST)), configuration.get(Settings.PORT));
    }
}
