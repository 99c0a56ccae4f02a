package io.yuebing.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Moves bytes between processes by hand; each way is a subcommand. */
@Command(
        name = "transfer",
        description = "Offers memory to other processes, or reads and writes what another process offers.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            TransferServeCommand.class,
            TransferReadCommand.class,
            TransferWriteCommand.class,
            TransferStatCommand.class,
            TransferMetadataCommand.class
        },
        footer = {
            "",
            "Examples:",
            "  ./yuebing transfer serve --listen 127.0.0.1:9100 --size 64MiB",
            "  ./yuebing transfer write --peer 127.0.0.1:9100 --offset 0 --file data.bin",
            "  ./yuebing transfer read --peer 127.0.0.1:9100 --offset 0 --length 1MiB --file copy.bin"
        })
final class TransferCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        YuebingCommand.commandLine(spec).usage(YuebingCommand.commandLine(spec).getOut());
    }
}
