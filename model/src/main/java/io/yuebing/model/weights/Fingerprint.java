package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/**
 * Tells models apart cheaply: SHA-256 over every tensor's name, type and shape with samples of its data.
 *
 * <p>Reads some hundred bytes of each tensor instead of gigabytes, so it notices another training run or another
 * quantisation, but not a single changed weight.
 */
public final class Fingerprint {
    private static final int SAMPLE_BYTES = 64;
    private static final int HEX_DIGITS = 32;

    private Fingerprint() {}

    /**
     * Computes it.
     *
     * @param computation whatever else determines the bits of a KV cache, as text
     * @return 32 hexadecimal digits
     */
    public static String of(String computation, Checkpoint checkpoint) {
        MessageDigest digest = sha256();
        digest.update(computation.getBytes(StandardCharsets.UTF_8));
        Map<Path, FileChannel> channels = new HashMap<>();
        try {
            for (TensorInfo tensor : checkpoint.tensors()) {
                FileChannel channel = channels.get(tensor.file());
                if (channel == null) {
                    channel = FileChannel.open(tensor.file(), StandardOpenOption.READ);
                    channels.put(tensor.file(), channel);
                }
                digest.update(("\n" + tensor.name() + " " + tensor.type() + " " + tensor.shape() + "\n")
                        .getBytes(StandardCharsets.UTF_8));
                addSamples(digest, channel, tensor);
            }
        } catch (IOException e) {
            throw new UserError("cannot read the weights: " + e, e);
        } finally {
            channels.values().forEach(Fingerprint::close);
        }
        return HexFormat.of().formatHex(digest.digest()).substring(0, HEX_DIGITS);
    }

    /** The digest of a text, 32 hexadecimal digits. */
    static String ofText(String text) {
        byte[] digest = sha256().digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest).substring(0, HEX_DIGITS);
    }

    /** Start, middle and end. */
    private static void addSamples(MessageDigest digest, FileChannel channel, TensorInfo tensor) throws IOException {
        long last = Math.max(0, tensor.bytes() - SAMPLE_BYTES);
        for (long at : new long[] {0, last / 2, last}) {
            ByteBuffer sample = ByteBuffer.allocate((int) Math.min(SAMPLE_BYTES, tensor.bytes()));
            while (sample.hasRemaining() && channel.read(sample, tensor.offset() + at + sample.position()) >= 0) {}
            digest.update(sample.flip());
        }
    }

    private static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UserError("cannot close the weights: " + e, e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
