package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.cli.settings.ValueType;
import io.yuebing.transfer.PeerAddress;
import io.yuebing.transfer.TransferProtocol;
import io.yuebing.transfer.TransferProtocols;
import io.yuebing.transfer.mooncake.MooncakeMetadata;
import io.yuebing.transfer.mooncake.MooncakeProtocol;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads what people write on the command line of a transfer. */
final class TransferAmounts {
    private static final int MAX_PORT = 65_535;

    private TransferAmounts() {}

    /** A size such as {@code 64MiB}. */
    static long bytes(String option, String text, long least) {
        return read(option, text, ValueType.bytes(least));
    }

    static Duration seconds(String option, String text) {
        return read(option, text, ValueType.seconds(1));
    }

    private static <T> T read(String option, String text, ValueType<T> type) {
        try {
            return type.reader().apply(text);
        } catch (IllegalArgumentException e) {
            throw new UserError(option + " '" + text + "' was given, expected " + type.expected(), e);
        }
    }

    static TransferProtocol protocol(String name) {
        return TransferProtocols.named(name)
                .orElseThrow(() -> new UserError(
                        "--protocol '" + name + "' is unknown, expected one of " + TransferProtocols.names()));
    }

    /**
     * @param metadata where Mooncake's segments are found; null if nothing was said
     * @param segmentName of the own segment; null if nothing was said
     */
    static TransferProtocol protocol(String name, @Nullable String metadata, @Nullable String segmentName) {
        TransferProtocol protocol = protocol(name);
        if (!(protocol instanceof MooncakeProtocol)) {
            if (metadata != null) {
                throw new UserError("--metadata was given with --protocol " + name
                        + ", which has no metadata server; add --protocol mooncake or leave it out");
            }
            return protocol;
        }
        try {
            return new MooncakeProtocol(
                    MooncakeMetadata.parse(metadata == null ? MooncakeMetadata.P2P_HANDSHAKE : metadata),
                    Optional.ofNullable(segmentName));
        } catch (IllegalArgumentException e) {
            throw new UserError("--metadata " + e.getMessage(), e);
        }
    }

    static PeerAddress peer(String text) {
        Listen address = address("--peer", text);
        if (address.port() == 0) {
            throw new UserError("--peer '" + text + "' was given, expected HOST:PORT with a port of 1 to 65535");
        }
        return new PeerAddress(address.host(), address.port());
    }

    static Listen listen(String text) {
        return address("--listen", text);
    }

    /** Where to listen; port 0 takes any free one. */
    record Listen(String host, int port) {}

    private static Listen address(String option, String text) {
        int colon = text.lastIndexOf(':');
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            String host = text.substring(0, Math.max(colon, 0)).replaceAll("^\\[|]$", "");
            if (!host.isBlank() && port >= 0 && port <= MAX_PORT) {
                return new Listen(host, port);
            }
        } catch (NumberFormatException _) {
            // told below
        }
        throw new UserError(option + " '" + text + "' was given, expected HOST:PORT such as 127.0.0.1:9100");
    }
}
