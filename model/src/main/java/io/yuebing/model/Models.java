package io.yuebing.model;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.LargePageArena;
import io.yuebing.kernels.WorkerPool;
import io.yuebing.model.decoder.Decoder;
import io.yuebing.model.quantize.ModelQuantizer;
import io.yuebing.model.weights.Fingerprint;
import io.yuebing.model.weights.WeightCache;
import io.yuebing.model.weights.WeightLoader;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens model directories as they are published: config.json, generation_config.json and safetensors files. */
public final class Models {
    private static final Logger LOG = LoggerFactory.getLogger(Models.class);

    private Models() {}

    /**
     * How to load a model.
     *
     * @param compute how products of quantised weights treat their activations
     * @param threads threads that load and later compute, the engine's own included; at least 1
     * @param progress told of the bytes read
     * @param cache where repacked weights are kept; empty = nowhere
     * @param servedPositions longest sequence that will be computed; empty = the model's longest
     */
    public record LoadOptions(
            ComputeMode compute,
            int threads,
            ProgressListener progress,
            Optional<CacheOptions> cache,
            Optional<Integer> servedPositions) {
        /** Loads without a cache, for sequences of any length. */
        public LoadOptions(ComputeMode compute, int threads, ProgressListener progress) {
            this(compute, threads, progress, Optional.empty(), Optional.empty());
        }

        public LoadOptions {
            if (threads < 1) {
                throw new IllegalArgumentException("threads must be at least 1, got " + threads);
            }
        }
    }

    /**
     * Where repacked weights are kept on disk.
     *
     * @param directory made if it is not there
     * @param limitBytes most bytes of all files together
     * @param shared whether processes of this machine use one copy in memory, from which computing is slower
     */
    public record CacheOptions(Path directory, long limitBytes, boolean shared) {}

    /** Told how far loading is; called by one thread at a time. Must return quickly. */
    @FunctionalInterface
    public interface ProgressListener {
        ProgressListener NONE = (done, total) -> {};

        /**
         * Some more weights are loaded.
         *
         * @param bytes bytes read so far
         * @param totalBytes bytes to read
         */
        void loaded(long bytes, long totalBytes);
    }

    /**
     * Loads a model for computing.
     *
     * @param dir a Hugging Face style directory
     * @throws UserError if a file is missing or damaged, or the model is not supported
     */
    public static CausalLm load(Path dir, LoadOptions options) {
        long start = System.nanoTime();
        ModelFiles opened = ModelFiles.open(dir);
        ModelFiles files = options.servedPositions().map(opened::servedUpTo).orElse(opened);
        CausalLm model = load(files, options);
        LOG.info(
                "loaded {} ({}, {}) in {} s: compute {}, {} threads, fingerprint {}",
                dir,
                files.config().architecture(),
                ModelSummary.storedAs(files),
                String.format(Locale.ROOT, "%.2f", (System.nanoTime() - start) / 1e9),
                options.compute().name().toLowerCase(Locale.ROOT),
                options.threads(),
                model.fingerprint());
        return model;
    }

    @SuppressWarnings("MustBeClosed") // the decoder closes pool and arena; until there is one, this method does
    private static CausalLm load(ModelFiles files, LoadOptions options) {
        String read = files.spec() + " compute " + options.compute()
                + files.quantization().map(how -> " weights " + how).orElse("");
        String fingerprint = Fingerprint.of(read, files.checkpoint());
        Arena arena = new LargePageArena();
        WorkerPool pool = WorkerPool.create(options.threads());
        boolean loaded = false;
        try {
            WeightLoader weights = new WeightLoader(files.checkpoint(), files.quantization(), options.compute(), arena);
            options.cache().ifPresent(cache -> {
                WeightCache own =
                        WeightCache.of(cache.directory(), cache.limitBytes(), fingerprint, files.checkpoint());
                weights.cachedIn(cache.shared() ? own.shared() : own);
            });
            CausalLm model = Decoder.load(
                    files.config(), files.spec(), fingerprint, weights, options.progress()::loaded, pool, arena);
            loaded = true;
            return model;
        } catch (OutOfMemoryError e) {
            throw new UserError(
                    files.dir() + " does not fit into memory: its weights have "
                            + (files.checkpoint().bytes() >> 20) + " MiB, and " + e.getMessage()
                            + "; raise -XX:MaxDirectMemorySize or -Xmx, or choose a smaller model",
                    e);
        } finally {
            if (!loaded) {
                pool.close();
                arena.close();
            }
        }
    }

    /**
     * Describes a model from its JSON files and safetensors headers; reads no weights.
     *
     * @throws UserError as {@link #load}, as far as these files show it
     */
    public static ModelSummary inspect(Path dir) {
        return ModelSummary.of(ModelFiles.open(dir));
    }

    /**
     * Quantises a model by GPTQ and writes it as AutoGPTQ does, with one layer in memory at a time.
     *
     * @param dir a Hugging Face style directory with float weights
     * @param out the directory to make; it appears when it is complete
     * @param progress told what is being done, and which share of the whole is done
     * @throws UserError if the model cannot be read or quantised, or {@code out} exists
     */
    public static QuantizeReport quantize(
            Path dir, Path out, QuantizeOptions options, CalibrationTokens tokens, QuantizeListener progress) {
        ModelFiles files = ModelFiles.open(dir);
        if (!Files.isDirectory(dir)) {
            throw new UserError(dir + " is a GGUF file; quantising needs the model's float weights as safetensors");
        }
        files.quantization().ifPresent(how -> {
            throw new UserError(dir + " is quantised already (" + how.describe()
                    + "); quantising needs float weights (f32, f16, bf16)");
        });
        tokens.requireFit(files.config());
        return ModelQuantizer.run(dir, files.spec(), files.checkpoint(), out, options, tokens, progress);
    }
}
