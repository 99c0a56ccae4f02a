package io.yuebing.cli;

import io.yuebing.api.UserError;
import io.yuebing.transfer.TransferSecurity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads the files by which the two ends of a transfer know each other. */
final class TransferKeys {
    private TransferKeys() {}

    /**
     * @throws UserError if a file cannot be used, or only some of those for TLS are named
     */
    static TransferSecurity read(
            Optional<String> secret, Optional<String> certificate, Optional<String> key, Optional<String> authorities) {
        long tls = Stream.of(certificate, key, authorities)
                .filter(Optional::isPresent)
                .count();
        if (tls > 0 && secret.isPresent()) {
            throw new UserError(
                    "a transfer secret and TLS files were both given; TLS alone is enough, give one of them");
        }
        if (tls > 0 && tls < 3) {
            throw new UserError("TLS for transfers needs --transfer-tls-cert, --transfer-tls-key and --transfer-tls-ca"
                    + " together, got " + tls + " of them");
        }
        try {
            if (tls == 3) {
                return TransferSecurity.Tls.load(
                        Path.of(certificate.orElseThrow()),
                        Path.of(key.orElseThrow()),
                        Path.of(authorities.orElseThrow()));
            }
            return secret.isPresent() ? secret(Path.of(secret.get())) : new TransferSecurity.None();
        } catch (NoSuchFileException e) {
            throw new UserError("there is no file " + e.getFile() + ", which transfers were to be secured with", e);
        } catch (IOException e) {
            throw new UserError("transfers cannot be secured: " + e.getMessage(), e);
        }
    }

    private static TransferSecurity secret(Path file) throws IOException {
        byte[] bytes = Files.readString(file).strip().getBytes(StandardCharsets.UTF_8);
        if (bytes.length < TransferSecurity.SharedSecret.MIN_BYTES) {
            throw new UserError("the transfer secret in " + file + " has " + bytes.length + " bytes, at least "
                    + TransferSecurity.SharedSecret.MIN_BYTES + " are needed; 'openssl rand -hex 32' makes a good one");
        }
        return new TransferSecurity.SharedSecret(bytes);
    }
}
