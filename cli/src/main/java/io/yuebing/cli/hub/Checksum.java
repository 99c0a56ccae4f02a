package io.yuebing.cli.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a hub says the content of a file hashes to. */
public sealed interface Checksum {
    Pattern HEX = Pattern.compile("[0-9a-f]+");
    int SHA256_DIGITS = 64;
    int SHA1_DIGITS = 40;
    int BUFFER = 1 << 20;

    /** Hexadecimal digits, lower case. */
    String hex();

    /** How people call it. */
    String algorithm();

    /** The checksum that a file on disk really has, of the same kind. */
    Checksum of(Path file) throws IOException;

    /** SHA-256 of the content; hubs give it for large files. */
    record Sha256(String hex) implements Checksum {
        @Override
        public String algorithm() {
            return "SHA-256";
        }

        @Override
        public Checksum of(Path file) throws IOException {
            return new Sha256(digest("SHA-256", new byte[0], file));
        }
    }

    /** SHA-1 of git's blob header and the content; the Hugging Face hub gives it for small files. */
    record GitSha1(String hex) implements Checksum {
        @Override
        public String algorithm() {
            return "git SHA-1";
        }

        @Override
        public Checksum of(Path file) throws IOException {
            byte[] header = ("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII);
            return new GitSha1(digest("SHA-1", header, file));
        }
    }

    /** Tells by its length which checksum a hub's entity tag is; empty if it is none. */
    static Optional<Checksum> parse(String text) {
        String hex = text.strip().toLowerCase(Locale.ROOT);
        hex = hex.startsWith("w/") ? hex.substring(2) : hex;
        hex = hex.replace("\"", "");
        if (!HEX.matcher(hex).matches()) {
            return Optional.empty();
        }
        return switch (hex.length()) {
            case SHA256_DIGITS -> Optional.of(new Sha256(hex));
            case SHA1_DIGITS -> Optional.of(new GitSha1(hex));
            default -> Optional.empty();
        };
    }

    private static String digest(String algorithm, byte[] prefix, Path file) throws IOException {
        try (InputStream content = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(prefix);
            byte[] buffer = new byte[BUFFER];
            for (int n = content.read(buffer); n >= 0; n = content.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has " + algorithm, e);
        }
    }
}
