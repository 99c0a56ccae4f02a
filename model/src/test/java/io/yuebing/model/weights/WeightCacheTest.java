package io.yuebing.model.weights;

import static org.assertj.core.api.Assertions.assertThat;

import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.WorkerPool;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights from the cache compute the same bits, and a cache that cannot be used costs time only. */
class WeightCacheTest {
    private static final int OUTPUTS = 70;
    private static final int INPUTS = 256;
    private static final long NO_LIMIT = 1L << 40;

    @TempDir
    Path dir;

    private Path cache;
    private Path model;
    private Checkpoint checkpoint;

    @BeforeEach
    void write() throws IOException {
        cache = dir.resolve("cache/weights");
        model = dir.resolve("model.safetensors");
        Random random = new Random(4);
        float[] values = new float[OUTPUTS * INPUTS];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        float[] bias = new float[OUTPUTS];
        bias[3] = 7;
        new SafetensorsFile()
                .floats("a.weight", values, OUTPUTS, INPUTS)
                .halfs("b.weight", values, OUTPUTS, INPUTS)
                .floats("b.bias", bias, OUTPUTS)
                .write(model);
        checkpoint = Checkpoint.open(dir);
    }

    private static float[] product(Linear linear, WorkerPool pool) {
        float[] x = new float[linear.inputs()];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i % 13 - 6) / 5f;
        }
        float[] y = new float[linear.outputs()];
        linear.apply(x, 1, y, pool);
        return y;
    }

    private List<float[]> products(Checkpoint weights, ComputeMode mode, Optional<WeightCache> weightCache) {
        try (Arena arena = Arena.ofShared();
                WorkerPool pool = WorkerPool.create(2)) {
            WeightLoader loader = new WeightLoader(weights, Optional.empty(), mode, arena);
            weightCache.map(WeightCache::evenForSmallModels).ifPresent(loader::cachedIn);
            List<Supplier<Linear>> asked = new ArrayList<>();
            weights.tensors().stream()
                    .filter(tensor -> tensor.name().endsWith(".weight"))
                    .forEach(tensor -> asked.add(loader.linear(
                            tensor.name().replace(".weight", ""),
                            Math.toIntExact(tensor.shape().get(0)),
                            Math.toIntExact(tensor.shape().get(1)),
                            false)));
            loader.load(pool, (bytes, total) -> assertThat(bytes).isLessThanOrEqualTo(total));
            return asked.stream().map(one -> product(one.get(), pool)).toList();
        }
    }

    private List<float[]> products(long limit, String fingerprint) {
        return products(
                checkpoint,
                ComputeMode.F32,
                Optional.of(WeightCache.of(cache, limit, fingerprint, Checkpoint.open(dir))));
    }

    @Test
    void processesThatShareTheFileComputeTheSame() {
        assertPlain(products(NO_LIMIT, "f"));
        WeightCache shared =
                WeightCache.of(cache, NO_LIMIT, "f", Checkpoint.open(dir)).shared();
        assertPlain(products(checkpoint, ComputeMode.F32, Optional.of(shared)));
    }

    private void assertPlain(List<float[]> products) {
        List<float[]> plain = products(checkpoint, ComputeMode.F32, Optional.empty());
        assertThat(products).hasSameSizeAs(plain);
        for (int i = 0; i < plain.size(); i++) {
            assertThat(products.get(i)).containsExactly(plain.get(i));
        }
    }

    private List<Path> files() throws IOException {
        if (!Files.exists(cache)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(cache)) {
            return files.filter(file -> !file.toString().endsWith(".lock"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void theSecondLoadUsesTheFileOfTheFirst() throws IOException {
        assertPlain(products(NO_LIMIT, "f"));
        assertThat(files()).hasSize(1);
        Path file = files().getFirst();
        Path made = Files.createLink(dir.resolve("made"), file);
        assertPlain(products(NO_LIMIT, "f"));
        assertThat(files()).containsExactly(file);
        assertThat(Files.isSameFile(file, made)).isTrue();
    }

    @ParameterizedTest
    @EnumSource(ComputeMode.class)
    void blocksOfGgufComputeTheSameBitsFromTheCache(ComputeMode mode) throws IOException {
        Path blocks = Path.of("src", "test", "resources", "gguf", "blocks");
        SortedMap<String, TensorInfo> tensors = new TreeMap<>();
        for (TensorType type :
                List.of(TensorType.Q4_0, TensorType.Q8_0, TensorType.Q4_1, TensorType.Q6_K, TensorType.Q5_K)) {
            Path file = dir.resolve(type + ".bin");
            Files.copy(blocks.resolve(type + ".bin"), file);
            long elements = Files.size(file) / type.bytes() * type.elements();
            tensors.put(
                    type + ".weight",
                    new TensorInfo(file, type + ".weight", type, List.of(elements / 256, 256L), 0, Files.size(file)));
        }
        Checkpoint weights = Checkpoint.of(dir, tensors, name -> name);
        Optional<WeightCache> weightCache = Optional.of(WeightCache.of(cache, NO_LIMIT, "blocks" + mode, weights));

        List<float[]> plain = products(weights, mode, Optional.empty());
        List<float[]> first = products(weights, mode, weightCache);
        List<float[]> second = products(weights, mode, weightCache);

        assertThat(files()).hasSize(1);
        for (int i = 0; i < plain.size(); i++) {
            assertThat(first.get(i)).containsExactly(plain.get(i));
            assertThat(second.get(i)).containsExactly(plain.get(i));
        }
    }

    @Test
    void anotherFingerprintOrAnotherSourceHasAFileOfItsOwn() throws IOException {
        products(NO_LIMIT, "f");
        products(NO_LIMIT, "g");
        assertThat(files()).hasSize(2);
        Files.setLastModifiedTime(model, FileTime.from(Instant.now().minusSeconds(1000)));
        products(NO_LIMIT, "g");
        assertThat(files()).hasSize(3);
    }

    @Test
    void anyDamagedByteIsNoticedAndTheFileMadeAnew() throws IOException {
        products(NO_LIMIT, "f");
        Path file = files().getFirst();
        long seed = 9;
        Random random = new Random(seed);
        for (int i = 0; i < 40; i++) {
            byte[] sound = Files.readAllBytes(file);
            int at = i % 2 == 0 ? sound.length - 1 - random.nextInt(200) : random.nextInt(1 << 14);
            try (RandomAccessFile writer = new RandomAccessFile(file.toFile(), "rw")) {
                writer.seek(at);
                writer.write(sound[at] ^ 1 << random.nextInt(8));
            }
            Path damaged = Files.createLink(dir.resolve("damaged" + i), file);
            assertPlain(products(NO_LIMIT, "f"));
            assertThat(Files.isSameFile(file, damaged))
                    .as("seed %d, change %d at %d", seed, i, at)
                    .isFalse();
        }
    }

    @Test
    void aTruncatedFileIsMadeAnew() throws IOException {
        products(NO_LIMIT, "f");
        Path file = files().getFirst();
        byte[] sound = Files.readAllBytes(file);
        for (int length : new int[] {0, 1, 15, 16, 5000, sound.length - 1}) {
            Files.write(file, Arrays.copyOf(sound, length));
            assertPlain(products(NO_LIMIT, "f"));
            assertThat(Files.size(file))
                    .as("size after a truncation to %d", length)
                    .isGreaterThan(140_000);
        }
    }

    @Test
    void beyondTheLimitTheFileUsedLongestAgoGoes() throws IOException {
        products(NO_LIMIT, "first");
        Path first = files().getFirst();
        long one = Files.size(first);
        products(NO_LIMIT, "second");
        Files.setLastModifiedTime(first, FileTime.from(Instant.now().minusSeconds(100)));
        products(NO_LIMIT, "first");
        Path second =
                files().stream().filter(file -> !file.equals(first)).findFirst().orElseThrow();
        Files.setLastModifiedTime(second, FileTime.from(Instant.now().minusSeconds(50)));

        products(2 * one + one / 2, "third");

        assertThat(files()).hasSize(2).contains(first).doesNotContain(second);
    }

    @Test
    void aModelLargerThanTheLimitIsNotKept() throws IOException {
        assertPlain(products(130_000, "f"));
        assertThat(files()).isEmpty();
        assertPlain(products(1000, "f"));
        assertThat(files()).isEmpty();
    }

    @Test
    void aFolderThatCannotBeWrittenIsDoneWithout() throws IOException {
        Files.writeString(dir.resolve("cache"), "a file where the folder should be");
        assertPlain(products(NO_LIMIT, "f"));
    }

    @Test
    void twoLoadsAtOnceMakeOneFile() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            Callable<List<float[]>> load = () -> products(NO_LIMIT, "f");
            for (Future<List<float[]>> done : threads.invokeAll(List.of(load, load, load))) {
                assertPlain(done.get());
            }
        }
        assertThat(files()).hasSize(1);
    }
}
