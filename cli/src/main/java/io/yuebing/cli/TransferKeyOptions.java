package io.yuebing.cli;

import io.yuebing.transfer.TransferSecurity;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags that say how the two ends of a transfer know each other. */
final class TransferKeyOptions {
    @Option(names = "--transfer-secret-file", paramLabel = "FILE", description = "File with the secret of both ends.")
    private @Nullable String secret;

    @Option(names = "--transfer-tls-cert", paramLabel = "FILE", description = "PEM certificate of this end.")
    private @Nullable String certificate;

    @Option(names = "--transfer-tls-key", paramLabel = "FILE", description = "PEM private key of this end.")
    private @Nullable String key;

    @Option(names = "--transfer-tls-ca", paramLabel = "FILE", description = "PEM authorities of the other end.")
    private @Nullable String authorities;

    TransferSecurity security() {
        return TransferKeys.read(
                Optional.ofNullable(secret),
                Optional.ofNullable(certificate),
                Optional.ofNullable(key),
                Optional.ofNullable(authorities));
    }
}
