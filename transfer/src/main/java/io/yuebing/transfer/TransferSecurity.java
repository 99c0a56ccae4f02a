package io.yuebing.transfer;

import java.io.IOException;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;

/** How the two ends of a connection know each other. */
public sealed interface TransferSecurity {

    /** Not at all: for loopback and networks where every host is trusted. */
    record None() implements TransferSecurity {}

    /**
     * Both ends prove that they know the same secret, which does not travel; the bytes travel in the clear.
     *
     * @param secret at least {@value #MIN_BYTES} bytes
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record SharedSecret(byte[] secret) implements TransferSecurity {
        public static final int MIN_BYTES = 16;

        public SharedSecret {
            if (secret.length < MIN_BYTES) {
                throw new IllegalArgumentException(
                        "a transfer secret of " + secret.length + " bytes; at least " + MIN_BYTES + " are needed");
            }
            secret = secret.clone();
        }

        @Override
        public byte[] secret() {
            return secret.clone();
        }

        @Override
        public String toString() {
            return "SharedSecret[" + secret.length + " bytes]";
        }
    }

    /**
     * TLS 1.3, where each end shows a certificate of the same authorities.
     *
     * @param context from {@link #load}
     */
    record Tls(SSLContext context) implements TransferSecurity {

        /**
         * Reads PEM files.
         *
         * @param certificate chain of this end, its own certificate first
         * @param key private key (PKCS#8, not encrypted)
         * @param authorities certificates of the authorities that the other end's certificate must come from
         * @throws IOException if a file cannot be used, as a sentence that names it
         */
        public static Tls load(Path certificate, Path key, Path authorities) throws IOException {
            return new Tls(PemFiles.context(certificate, key, authorities));
        }
    }
}
