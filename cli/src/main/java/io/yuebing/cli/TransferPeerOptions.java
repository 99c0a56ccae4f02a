package io.yuebing.cli;

import io.yuebing.cli.log.Logging;
import io.yuebing.transfer.Greeting;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferSession;
import io.yuebing.transfer.Transport;
import java.time.Duration;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The flags that say whose segment is used, and how. */
final class TransferPeerOptions {
    @Option(names = "--peer", paramLabel = "HOST:PORT", required = true, description = "Where the segment is offered.")
    private String peer = "";

    @Option(
            names = "--protocol",
            paramLabel = "NAME",
            defaultValue = "auto",
            description = "auto, tcp or shm @|faint (auto: shm on one host, else tcp)|@.")
    private String protocol = "auto";

    @Option(
            names = "--segment",
            paramLabel = "NAME",
            defaultValue = "",
            description = "Segment; default: the only one there.")
    private String segment = "";

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "30s",
            description = "Time until it must be done @|faint (30s)|@.")
    private String timeout = "30s";

    @Mixin
    private TransferKeyOptions keys = new TransferKeyOptions();

    /** What is done with a session. */
    @FunctionalInterface
    interface Use {
        void with(TransferSession session, Duration timeout) throws Exception;
    }

    /**
     * Opens a session, uses and closes it.
     *
     * @throws OperationFailed if the transfer fails
     */
    int use(Use use) throws Exception {
        Logging.configure("transfer", "warn");
        Duration limit = TransferAmounts.seconds("--timeout", timeout);
        try (Transport transport = TransferAmounts.protocol(protocol)
                        .transport(TransferClientOptions.DEFAULT.withSecurity(keys.security()), TimeSource.system());
                TransferSession session = transport.connect(TransferAmounts.peer(peer), segment, Greeting.EMPTY)) {
            use.with(session, limit);
            return 0;
        } catch (TransferException e) {
            throw new OperationFailed(String.valueOf(e.getMessage()), e);
        }
    }
}
