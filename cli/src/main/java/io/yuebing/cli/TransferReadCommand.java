package io.yuebing.cli;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Copies a range of a remote segment into a file. */
@Command(
        name = "read",
        description = "Copies a range of a segment that another process offers into a file.",
        footer = {
            "",
            "Example:",
            "  ./yuebing transfer read --peer 127.0.0.1:9100 --offset 4KiB --length 1MiB --file copy.bin"
        })
final class TransferReadCommand implements Callable<Integer> {
    @Mixin
    private TransferPeerOptions peer = new TransferPeerOptions();

    @Option(names = "--offset", paramLabel = "SIZE", defaultValue = "0", description = "First byte @|faint (0)|@.")
    private String offset = "0";

    @Option(names = "--length", paramLabel = "SIZE", description = "Bytes; default: up to the segment's end.")
    private @Nullable String length;

    @Option(names = "--file", paramLabel = "FILE", required = true, description = "File to write.")
    private Path file = Path.of("");

    @Override
    public Integer call() throws Exception {
        long from = TransferAmounts.bytes("--offset", offset, 0);
        long wanted = length == null ? -1 : TransferAmounts.bytes("--length", length, 1);
        return peer.use((session, timeout) -> {
            long bytes = wanted < 0 ? session.segmentBytes() - from : wanted;
            TransferCopy copy = new TransferCopy(session, timeout);
            copy.checkRange(from, bytes);
            try (FileChannel out = open()) {
                copy.read(out, from, bytes);
            }
        });
    }

    private FileChannel open() {
        try {
            return FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
        } catch (IOException e) {
            throw new UserError("the file " + file + " cannot be written: " + e, e);
        }
    }
}
