package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.bench.chaos.ChaosOptions;
import io.yuebing.bench.chaos.ChaosReport;
import io.yuebing.bench.chaos.ChaosRun;
import io.yuebing.cli.process.JavaCommand;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Breaks nodes and connections of a cluster of its own while clients stream. */
@Command(
        name = "chaos",
        description = "Kills, stops and cuts off nodes of a cluster of its own while clients stream.",
        footer = {
            "",
            "Every answer is held against the one that the undisturbed cluster gave. Exit code 0 says: no",
            "request failed, no token differed, nothing leaked, every flipped bit was noticed; 1 says not.",
            "",
            "Examples:",
            "  ./yuebing bench chaos --minutes 10",
            "  ./yuebing bench chaos --minutes 1 --seed 42 --clients 8 --decode-nodes 3",
            "  sudo ./yuebing bench chaos --minutes 30 --network namespaces"
        })
final class BenchChaosCommand implements Callable<Integer> {
    @Option(names = "--minutes", paramLabel = "N", description = "How long faults are injected (default: 1).")
    private double minutes = 1;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the faults (default: a random one, printed).")
    private @Nullable Long seed;

    @Option(names = "--clients", paramLabel = "N", description = "Requests at once (default: 4).")
    private int clients = 4;

    @Option(names = "--prefill-nodes", paramLabel = "N", description = "At least 2, so that one may fail (default: 2).")
    private int prefillNodes = 2;

    @Option(names = "--decode-nodes", paramLabel = "N", description = "At least 2, so that one may fail (default: 2).")
    private int decodeNodes = 2;

    @Option(
            names = "--network",
            paramLabel = "auto|namespaces|loopback",
            description = {
                "Where nodes live: each in a network namespace of its own, whose wire can be pulled (needs root and",
                "the programs ip, tc and mount), or on loopback; auto: namespaces where permitted (default: auto)."
            })
    private String network = "auto";

    @Option(names = "--model", paramLabel = "DIR", description = "Model folder (default: the bundled demo model).")
    private String model = "";

    @Override
    public Integer call() throws InterruptedException {
        atLeast("--clients", clients, 1);
        atLeast("--prefill-nodes", prefillNodes, 2);
        atLeast("--decode-nodes", decodeNodes, 2);
        if (!List.of("auto", "namespaces", "loopback").contains(network)) {
            throw new UserError("--network: expected auto, namespaces or loopback, got '" + network + "'");
        }
        if (!(minutes > 0 && minutes <= 100_000)) {
            throw new UserError("--minutes must be above 0 and at most 100000, got " + minutes);
        }
        long used = seed == null ? ThreadLocalRandom.current().nextInt(1_000_000) : seed;
        System.out.println("chaos with --seed " + used + " for " + minutes + " minutes");
        JavaCommand java = JavaCommand.of(System.getProperties(), System.getenv());
        ChaosOptions options = new ChaosOptions(
                arguments -> command(java, arguments),
                model,
                Duration.ofMillis((long) (minutes * 60_000)),
                used,
                clients,
                prefillNodes,
                decodeNodes,
                ChaosOptions.Network.valueOf(network.toUpperCase(Locale.ROOT)));
        try {
            ChaosReport report = new ChaosRun(options).run();
            System.out.print(report.text());
            return report.passed() ? 0 : Failures.FAILURE;
        } catch (IOException e) {
            throw new OperationFailed("the chaos run could not be made: " + e.getMessage(), e);
        }
    }

    private static List<String> command(JavaCommand java, List<String> arguments) {
        return arguments.getFirst().equals("node") ? java.node("auto", arguments) : java.gateway(arguments);
    }

    private static void atLeast(String option, int value, int least) {
        if (value < least) {
            throw new UserError(option + " must be at least " + least + ", got " + value);
        }
    }
}
