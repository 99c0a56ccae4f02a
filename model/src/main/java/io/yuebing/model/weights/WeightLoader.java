package io.yuebing.model.weights;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.ObservedLinear;
import io.yuebing.kernels.WorkerPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Brings a model's weights into the form that the kernels use.
 *
 * <p>In two steps, so that a missing or misshapen tensor of the last layer is told at once: asking for layers checks
 * names and shapes; {@link #load} then reads all that was asked for, on all threads.
 */
public final class WeightLoader {
    /** Ends of the names of packed matrices. */
    private static final List<String> PACKED = List.of(".qweight", ".weight_packed");

    /** How layers are held that no configuration says to be quantised. */
    private static final List<LinearFormat> PLAIN = List.of(new FloatFormat(), new BlockFormat());

    private final Checkpoint checkpoint;
    private final Optional<Quantization> quantization;
    private final ComputeMode mode;
    private final Arena arena;
    private final List<Slot> slots = new ArrayList<>();
    private final List<Asked> asked = new ArrayList<>();
    private Optional<ObservedLinear.Observer> observer = Optional.empty();
    private final List<MatrixParts> divided = new ArrayList<>();
    private Optional<WeightCache> cache = Optional.empty();

    /**
     * Prepares loading.
     *
     * @param quantization how quantised layers are held; empty if there are none
     * @param arena holds the loaded weights; a shared one
     */
    public WeightLoader(Checkpoint checkpoint, Optional<Quantization> quantization, ComputeMode mode, Arena arena) {
        this.checkpoint = checkpoint;
        this.quantization = quantization;
        this.mode = mode;
        this.arena = arena;
    }

    /** Keeps the repacked weights on disk, and takes them from there if they are. */
    public WeightLoader cachedIn(WeightCache weightCache) {
        cache = Optional.of(weightCache);
        return this;
    }

    /** Lets somebody see what the linear layers are multiplied with; they are called as they are asked for. */
    public WeightLoader observedBy(ObservedLinear.Observer who) {
        observer = Optional.of(who);
        return this;
    }

    /**
     * A linear layer that was asked for.
     *
     * @param name start of its tensors' names
     */
    public record Asked(String name, int outputs, int inputs) {}

    /** The linear layers asked for, in this order. */
    public List<Asked> asked() {
        return List.copyOf(asked);
    }

    /** Whether there are floats, or blocks of GGUF, of a linear layer. */
    public boolean has(String prefix) {
        return checkpoint.find(prefix + ".weight").isPresent();
    }

    /**
     * Asks for a linear layer.
     *
     * @param prefix start of its tensors' names, for example {@code model.layers.0.mlp.up_proj}
     * @param biasRequired whether {@code prefix.bias} has to be there; if it is, it is used anyway
     * @return gives the layer after {@link #load}
     * @throws UserError if a tensor is missing or has another type or shape
     */
    public Supplier<Linear> linear(String prefix, int outputs, int inputs, boolean biasRequired) {
        asked.add(new Asked(prefix, outputs, inputs));
        Supplier<Linear> slot = stored(prefix, outputs, inputs, biasRequired);
        return observer.isEmpty() ? slot : () -> new ObservedLinear(prefix, slot.get(), observer.get());
    }

    private Supplier<Linear> stored(String prefix, int outputs, int inputs, boolean biasRequired) {
        float[] bias = bias(prefix, outputs, biasRequired);
        return slot(prefix, find(prefix, outputs, inputs), bias);
    }

    /**
     * Asks for parts of a linear layer without bias as layers of their own. They are made anew at each start, from
     * wherever the matrix is.
     *
     * @return gives the parts, in their order, after {@link #load}
     * @throws UserError if a tensor is missing or has another type or shape
     */
    public Supplier<List<Linear>> parts(String prefix, int outputs, int inputs, List<MatrixPart> parts) {
        MatrixParts all = new MatrixParts(find(prefix, outputs, inputs), outputs, inputs, parts);
        divided.add(all);
        return all;
    }

    private LinearFormat.Stored find(String prefix, int outputs, int inputs) {
        Optional<LinearFormat> quantized =
                quantization.flatMap(q -> q.formatOf(prefix)).filter(format -> format.holds(checkpoint, prefix));
        if (quantized.isPresent()) {
            return quantized.get().find(checkpoint, prefix, outputs, inputs);
        }
        for (LinearFormat format : PLAIN) {
            if (format.holds(checkpoint, prefix)) {
                return format.find(checkpoint, prefix, outputs, inputs);
            }
        }
        for (String kind : PACKED) {
            if (checkpoint.find(prefix + kind).isPresent()) {
                throw undeclared(checkpoint.require(prefix + kind));
            }
        }
        throw checkpoint.missing(prefix + ".weight");
    }

    private UserError undeclared(TensorInfo tensor) {
        String why = quantization
                .map(q -> "the model's quantisation (" + q.describe() + ") does not cover this layer")
                .orElse("neither config.json has a quantization_config nor is there a quantize_config.json");
        return new UserError(tensor.file() + ": tensor " + tensor.name() + " is quantised, but " + why);
    }

    /** Asks for an embedding's tensor used as a matrix: tied embeddings. */
    public Supplier<Linear> tied(String name, int outputs, int inputs) {
        TensorInfo tensor = checkpoint.require(name);
        LinearFormat.Stored matrix = tensor.type().elements() == 1
                ? FloatFormat.matrix(tensor, outputs, inputs)
                : BlockFormat.matrix(tensor, outputs, inputs);
        return slot(name, matrix, new float[0]);
    }

    /** Reads a vector at once. */
    public float[] vector(String name, int size) {
        return FloatFormat.read(checkpoint.require(name).expect(FloatFormat.TYPES, size));
    }

    /** Maps an embedding for as long as the arena lives. */
    public Embedding embedding(String name, int rows, int columns) {
        return Embedding.map(checkpoint.require(name).expect(Embedding.TYPES, rows, columns), arena);
    }

    private float[] bias(String prefix, int outputs, boolean required) {
        String name = prefix + ".bias";
        return required || checkpoint.find(name).isPresent() ? vector(name, outputs) : new float[0];
    }

    private Supplier<Linear> slot(String name, LinearFormat.Stored stored, float[] bias) {
        Slot slot = new Slot(name, stored, bias);
        slots.add(slot);
        return slot;
    }

    /** Reads all layers asked for. */
    public void load(WorkerPool pool, Progress progress) {
        long dividedBytes = divided.stream().mapToLong(MatrixParts::bytes).sum();
        long total = dividedBytes
                + slots.stream().mapToLong(slot -> slot.stored.bytes()).sum();
        loadMatrices(pool, total - dividedBytes, (done, bytes) -> progress.loaded(done, total));
        Meter meter = new Meter(dividedBytes, (done, bytes) -> progress.loaded(total - dividedBytes + done, total));
        pool.run(divided.size(), i -> {
            divided.get(i).load(arena);
            meter.add(divided.get(i).bytes());
        });
    }

    private void loadMatrices(WorkerPool pool, long bytes, Progress progress) {
        // Largest first, or one thread ends with the largest while the others idle.
        slots.sort(Comparator.comparingLong(slot -> -slot.stored.bytes()));
        Optional<WeightCache> worthwhile = cache.filter(weightCache -> weightCache.worthwhile(bytes));
        if (worthwhile.isPresent()) {
            WeightCache weightCache = worthwhile.get();
            if (take(weightCache, pool, new Meter(bytes, progress))) {
                return;
            }
            Meter meter = new Meter(bytes, progress);
            if (weightCache.make(writer -> repack(writer, pool, meter)) && take(weightCache, pool, Meter.NONE)) {
                return;
            }
        }
        Meter meter = new Meter(bytes, progress);
        pool.run(slots.size(), i -> {
            Slot slot = slots.get(i);
            slot.linear = slot.stored.load(slot.bias, mode, arena);
            meter.add(slot.stored.bytes());
        });
    }

    /** Takes all layers from the cache, or none. */
    private boolean take(WeightCache weightCache, WorkerPool pool, Meter meter) {
        Optional<PackedFile.Contents> found = weightCache.open(arena);
        if (found.isEmpty()) {
            return false;
        }
        Linear[] linears = new Linear[slots.size()];
        try (PackedFile.Contents contents = found.get()) {
            if (contents.size() != slots.size()) {
                throw new IOException("it has " + contents.size() + " matrices, expected " + slots.size());
            }
            List<Integer> largestFirst = IntStream.range(0, linears.length)
                    .boxed()
                    .sorted(Comparator.comparingLong(contents::bytesOf).reversed())
                    .toList(); // the output head last would leave all other threads without work
            pool.run(linears.length, i -> {
                int index = largestFirst.get(i);
                linears[index] = linear(contents, index);
                meter.add(slots.get(index).stored.bytes());
            });
        } catch (IOException e) {
            weightCache.discard(e.getMessage());
            return false;
        } catch (UncheckedIOException e) {
            weightCache.discard(e.getMessage());
            return false;
        }
        for (int i = 0; i < linears.length; i++) {
            slots.get(i).linear = linears[i];
        }
        return true;
    }

    private Linear linear(PackedFile.Contents contents, int index) {
        Slot slot = slots.get(index);
        try {
            if (!contents.name(index).equals(slot.name)) {
                throw new IOException("matrix " + index + " is " + contents.name(index) + ", expected " + slot.name);
            }
            return contents.linear(index, slot.bias, arena);
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    /** Writes all layers, of which as many are in memory as there are threads. */
    private void repack(PackedFile.Writer writer, WorkerPool pool, Meter meter) {
        pool.run(slots.size(), i -> {
            Slot slot = slots.get(i);
            try (Arena one = Arena.ofConfined()) {
                writer.add(i, slot.name, slot.stored.load(slot.bias, mode, one).packed());
                meter.add(slot.stored.bytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** Told of the bytes read so far; called by one thread at a time. */
    @FunctionalInterface
    public interface Progress {
        void loaded(long bytes, long totalBytes);
    }

    /** A linear layer asked for. */
    private static final class Slot implements Supplier<Linear> {
        private final String name;
        private final LinearFormat.Stored stored;
        private final float[] bias;
        private volatile @Nullable Linear linear;

        Slot(String name, LinearFormat.Stored stored, float[] bias) {
            this.name = name;
            this.stored = stored;
            this.bias = bias;
        }

        @Override
        public Linear get() {
            Linear loaded = linear;
            if (loaded == null) {
                throw new IllegalStateException("weights are asked for before they are loaded");
            }
            return loaded;
        }
    }

    /** Adds up what the threads have read. */
    private static final class Meter {
        static final Meter NONE = new Meter(0, (bytes, totalBytes) -> {});

        private final long total;
        private final Progress progress;
        private long done;

        Meter(long total, Progress progress) {
            this.total = total;
            this.progress = progress;
        }

        synchronized void add(long bytes) {
            done += bytes;
            progress.loaded(done, total);
        }
    }
}
