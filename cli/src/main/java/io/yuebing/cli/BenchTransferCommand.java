package io.yuebing.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures transfers between two processes of this host. */
@Command(
        name = "transfer",
        description = {
            "Measures how fast blocks travel between two processes of this host.",
            "In the same run: copying the same blocks within one process (memcpy), and iperf3 if it is installed."
        },
        footer = {
            "",
            "Examples:",
            "  ./yuebing bench transfer",
            "  ./yuebing bench transfer --protocol tcp --block 16KiB --in-flight 64 --operation write,read --json"
        })
final class BenchTransferCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--protocol",
            paramLabel = "NAME[,NAME]",
            split = ",",
            defaultValue = "tcp,shm",
            description = "auto, tcp, shm, ucx @|faint (tcp,shm)|@.")
    private List<String> protocols = List.of();

    @Option(
            names = "--operation",
            paramLabel = "NAME[,NAME]",
            split = ",",
            defaultValue = "write",
            description = "write, read @|faint (write)|@.")
    private List<String> operations = List.of();

    @Option(
            names = "--block",
            paramLabel = "SIZE[,SIZE]",
            split = ",",
            defaultValue = "4KiB,16KiB,64KiB,256KiB,1MiB,4MiB,16MiB",
            description = "Sizes of a block @|faint (4KiB to 16MiB)|@.")
    private List<String> blocks = List.of();

    @Option(
            names = "--in-flight",
            paramLabel = "N[,N]",
            split = ",",
            defaultValue = "1,8,64",
            description = "Blocks under way at a time @|faint (1,8,64)|@.")
    private List<Integer> inFlight = List.of();

    @Option(
            names = "--checksums",
            paramLabel = "on|off[,on|off]",
            split = ",",
            defaultValue = "on",
            description = "Whether payloads have checksums @|faint (on)|@; nodes always have them.")
    private List<String> checksums = List.of();

    @Option(
            names = "--lanes",
            paramLabel = "N",
            defaultValue = "2",
            description = "Connections to the peer @|faint (2)|@.")
    private int lanes;

    @Option(
            names = "--millis",
            paramLabel = "N",
            defaultValue = "400",
            description = "Time of each measurement @|faint (400)|@.")
    private int millis;

    @Option(names = "--json", description = "Print one JSON object a measurement.")
    private boolean asJson;

    @Override
    public Integer call() throws Exception {
        protocols.forEach(TransferAmounts::protocol);
        List<Long> bytes = blocks.stream()
                .map(size -> TransferAmounts.bytes("--block", size, 1))
                .toList();
        TransferMeasurement.run(
                protocols,
                operations,
                checksums,
                bytes,
                inFlight,
                lanes,
                millis,
                asJson,
                YuebingCommand.commandLine(spec).getOut());
        return 0;
    }
}
