package io.yuebing.cli;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Copies a file into a remote segment. */
@Command(
        name = "write",
        description = "Copies a file into a segment that another process offers.",
        footer = {"", "Example:", "  ./yuebing transfer write --peer 127.0.0.1:9100 --offset 4KiB --file data.bin"})
final class TransferWriteCommand implements Callable<Integer> {
    @Mixin
    private TransferPeerOptions peer = new TransferPeerOptions();

    @Option(names = "--offset", paramLabel = "SIZE", defaultValue = "0", description = "First byte @|faint (0)|@.")
    private String offset = "0";

    @Option(names = "--length", paramLabel = "SIZE", description = "Bytes of the file; default: all.")
    private @Nullable String length;

    @Option(names = "--file", paramLabel = "FILE", required = true, description = "File to read.")
    private Path file = Path.of("");

    @Override
    public Integer call() throws Exception {
        long from = TransferAmounts.bytes("--offset", offset, 0);
        try (FileChannel in = open()) {
            long bytes = length == null ? in.size() : TransferAmounts.bytes("--length", length, 1);
            if (bytes < 1 || bytes > in.size()) {
                throw new UserError("the file " + file + " has " + in.size() + " bytes, " + bytes
                        + " were to be written; give another --length or --file");
            }
            return peer.use((session, timeout) -> {
                TransferCopy copy = new TransferCopy(session, timeout);
                copy.checkRange(from, bytes);
                copy.write(in, from, bytes);
            });
        }
    }

    private FileChannel open() {
        try {
            return FileChannel.open(file, StandardOpenOption.READ);
        } catch (NoSuchFileException e) {
            throw new UserError("there is no file " + file, e);
        } catch (IOException e) {
            throw new UserError("the file " + file + " cannot be read: " + e, e);
        }
    }
}
