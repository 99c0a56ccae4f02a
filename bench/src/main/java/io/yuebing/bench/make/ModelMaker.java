package io.yuebing.bench.make;

import io.yuebing.api.UserError;
import io.yuebing.bench.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/**
 * Makes models with random weights, the same for the same seed: what they say means nothing, their speed does.
 *
 * <p>Engines that read different formats can be compared on one geometry. Files appear under their name when they are
 * complete.
 */
public final class ModelMaker {
    /** Largest bias of queries, keys and values. */
    static final float BIAS = 0.1f;

    private ModelMaker() {}

    /** Largest weight of a matrix with so many columns: products keep their magnitude from layer to layer. */
    static float largest(int columns) {
        return (float) (0.02 * Math.sqrt(1024.0 / columns));
    }

    /**
     * Makes a model.
     *
     * @param out the GGUF file, or the directory for the formats with safetensors; must not exist, except as an empty
     *     directory
     * @return bytes written
     * @throws UserError if {@code out} exists or cannot be written
     */
    public static long make(Geometry geometry, WeightFormat format, Path out, long seed, Progress progress) {
        requireFree(out);
        try {
            return switch (format) {
                case GPTQ_INT4 -> directory(geometry, true, out, seed, progress);
                case BF16 -> directory(geometry, false, out, seed, progress);
                case Q4_0, Q8_0, F16, BF16_GGUF -> gguf(geometry, format, out, seed, progress);
            };
        } catch (IOException | UncheckedIOException e) {
            throw new UserError("cannot write " + out + ": " + e, e);
        }
    }

    private static void requireFree(Path out) {
        if (!Files.exists(out)) {
            return;
        }
        try (var content = Files.isDirectory(out) ? Files.list(out) : java.util.stream.Stream.of(out)) {
            if (content.findAny().isPresent()) {
                throw new UserError("--out " + out + " exists already; remove it or choose another place");
            }
        } catch (IOException e) {
            throw new UserError("cannot look into " + out + ": " + e.getMessage(), e);
        }
    }

    private static long directory(Geometry geometry, boolean quantised, Path out, long seed, Progress progress)
            throws IOException {
        List<PlannedTensor> tensors = SafetensorsModelPlan.of(geometry, quantised);
        Files.createDirectories(out);
        long bytes = write(
                out.resolve("model.safetensors"), SafetensorsModelPlan.header(tensors), tensors, false, seed, progress);
        for (Map.Entry<String, String> file :
                ModelJson.files(geometry, quantised).entrySet()) {
            Files.writeString(out.resolve(file.getKey()), file.getValue());
            bytes += file.getValue().length();
        }
        return bytes;
    }

    private static long gguf(Geometry geometry, WeightFormat format, Path out, long seed, Progress progress)
            throws IOException {
        if (out.toAbsolutePath().getParent() instanceof Path parent) {
            Files.createDirectories(parent);
        }
        GgufWriter file = GgufModelPlan.of(geometry, format);
        return write(out, file.header(), file.tensors(), true, seed, progress);
    }

    private static long write(
            Path file, byte[] header, List<PlannedTensor> tensors, boolean aligned, long seed, Progress progress)
            throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        long total = tensors.stream().mapToLong(PlannedTensor::bytes).sum();
        long done = 0;
        try (FileChannel channel = FileChannel.open(
                part, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer start = ByteBuffer.wrap(header);
            while (start.hasRemaining()) {
                channel.write(start);
            }
            for (PlannedTensor tensor : tensors) {
                progress.at("writing weights", (double) done / total);
                tensor.write(channel, seed);
                if (aligned) {
                    GgufWriter.pad(channel, tensor);
                }
                done += tensor.bytes();
            }
            progress.at("writing weights", 1);
            long bytes = channel.size();
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            return bytes;
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
