package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.cli.doctor.Doctor;
import io.yuebing.cli.doctor.Report;
import io.yuebing.cli.log.Logging;
import io.yuebing.cli.settings.Configuration;
import io.yuebing.cli.settings.Part;
import io.yuebing.cli.settings.Settings;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferProtocols;
import io.yuebing.transfer.TransferSecurity;
import io.yuebing.transfer.Transport;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Finds what is wrong with a machine and a cluster. */
@Uses({Part.OBSERVER, Part.LISTEN})
@Command(
        name = "doctor",
        description = {
            "Looks at this machine, and at a running cluster if one is named: what is as it should be, what is not,"
                    + " and what to do about it.",
            "Changes nothing. Ends with 1 if there is a problem, with 0 if there are warnings at most."
        },
        footer = {
            "",
            "With --gateway it also looks at the gateway and all its nodes: whether they answer, their",
            "clocks, their counters of failures, and how fast bytes get to each from here.",
            "",
            "Examples:",
            "  ./yuebing doctor",
            "  ./yuebing doctor --gateway http://10.0.0.1:8000",
            "  ./yuebing doctor --peer http://10.0.0.3:8102 --peer 10.0.0.4:9100 --json"
        })
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--peer",
            paramLabel = "ADDRESS",
            description = "Node as http://HOST:PORT, or a transfer address HOST:PORT such as that of transfer serve;"
                    + " may be given several times.")
    private List<String> peers = List.of();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean asJson;

    @Override
    public Integer call() throws InterruptedException {
        Logging.configure("doctor", "error");
        Configuration configuration = SettingOptions.configuration(spec);
        List<URI> servers = new ArrayList<>();
        List<PeerAddress> addresses = new ArrayList<>();
        for (String peer : peers) {
            if (peer.contains("://")) {
                servers.add(server(peer));
            } else {
                addresses.add(TransferAmounts.peer(peer));
            }
        }
        Report report = new Report(YuebingCommand.commandLine(spec).getOut(), Terminal.detect(System.getenv()), asJson);
        Doctor.machine(
                System.getenv(),
                KernelsHere.describe(configuration.get(Settings.KERNELS)),
                ports(configuration),
                report::add);
        Optional<URI> gateway = configuration.find(Settings.GATEWAY_URL);
        if (gateway.isPresent() || !peers.isEmpty()) {
            TransferSecurity security = TransferKeys.read(
                    configuration.find(Settings.TRANSFER_SECRET_FILE),
                    configuration.find(Settings.TRANSFER_TLS_CERT),
                    configuration.find(Settings.TRANSFER_TLS_KEY),
                    configuration.find(Settings.TRANSFER_TLS_CA));
            try (Transport transport = transport(configuration, security)) {
                boolean anonymous = security instanceof TransferSecurity.None;
                Doctor.cluster(transport, anonymous, gateway, servers, addresses, report::add);
            }
        }
        return report.end() ? 0 : Failures.FAILURE;
    }

    private static URI server(String text) {
        try {
            URI uri = URI.create(text);
            if (uri.getHost() != null && uri.getPort() > 0 && "http".equals(uri.getScheme())) {
                return uri;
            }
        } catch (IllegalArgumentException _) {
            // told below
        }
        throw new UserError("--peer '" + text + "' was given, expected http://HOST:PORT of a node or HOST:PORT of its"
                + " transfer port");
    }

    private static Map<String, Integer> ports(Configuration configuration) {
        Map<String, Integer> ports = new LinkedHashMap<>();
        ports.put(Settings.PORT.name(), configuration.get(Settings.PORT));
        ports.put(Settings.TRANSFER_PORT.name(), configuration.get(Settings.TRANSFER_PORT));
        ports.values().removeIf(port -> port == 0);
        return ports;
    }

    private static Transport transport(Configuration configuration, TransferSecurity security) {
        return TransferProtocols.named(configuration.get(Settings.TRANSFER_PROTOCOL))
                .orElseThrow()
                .transport(TransferClientOptions.DEFAULT.withSecurity(security), TimeSource.system());
    }
}
