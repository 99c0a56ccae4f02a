package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.cli.log.Logging;
import io.yuebing.transfer.Greeting;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.TimeSource;
import io.yuebing.transfer.TransferClientOptions;
import io.yuebing.transfer.TransferException;
import io.yuebing.transfer.TransferProtocol;
import io.yuebing.transfer.TransferSession;
import io.yuebing.transfer.Transport;
import io.yuebing.transfer.mooncake.MooncakeMetadata;
import io.yuebing.transfer.mooncake.MooncakeProtocol;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The flags that say whose segment is used, and how. */
final class TransferPeerOptions {
    @Option(names = "--peer", paramLabel = "HOST:PORT", description = "Where the segment is offered.")
    private @Nullable String peer;

    @Option(
            names = "--metadata",
            paramLabel = "WHERE",
            description = "With mooncake: P2PHANDSHAKE @|faint (default)|@ or a server such as"
                    + " http://127.0.0.1:8080/metadata, which finds --segment without --peer.")
    private @Nullable String metadata;

    @Option(
            names = "--protocol",
            paramLabel = "NAME",
            defaultValue = "auto",
            description =
                    "auto, tcp, shm, ucx or mooncake @|faint (auto: shm on one host, else ucx with RDMA devices, else tcp)|@.")
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
        TransferProtocol way = TransferAmounts.protocol(protocol, metadata, null);
        try (Transport transport = way.transport(
                        TransferClientOptions.DEFAULT.withSecurity(keys.security()), TimeSource.system());
                TransferSession session = transport.connect(where(way), segment, Greeting.EMPTY)) {
            use.with(session, limit);
            return 0;
        } catch (TransferException e) {
            throw new OperationFailed(String.valueOf(e.getMessage()), e);
        }
    }

    private PeerAddress where(TransferProtocol way) throws TransferException {
        if (peer != null) {
            return TransferAmounts.peer(peer);
        }
        if (way instanceof MooncakeProtocol mooncake && mooncake.metadata() instanceof MooncakeMetadata.Http) {
            if (segment.isEmpty()) {
                throw new UserError("a metadata server is asked by name; give --segment NAME");
            }
            return mooncake.locate(segment);
        }
        throw new UserError("--peer is missing, expected HOST:PORT of the process that offers the segment");
    }
}
