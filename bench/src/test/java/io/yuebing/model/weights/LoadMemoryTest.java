package io.yuebing.model.weights;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A matrix is brought from its file into the kernels' form without lying unpacked in the heap. */
class LoadMemoryTest {
    private static final int OUTPUTS = 2048;
    private static final int INPUTS = 1024;
    private static final long WEIGHTS = (long) OUTPUTS * INPUTS;

    /** Scales and offsets of the smallest groups, 16 inputs, take half a byte for each weight; an unpacked code takes one. */
    private static final long MOST_HEAP_BYTES = WEIGHTS * 5 / 8;

    @TempDir
    static Path dir;

    private record Sample(String name, LinearFormat format, TensorType type, List<TensorInfo> tensors) {
        @Override
        public String toString() {
            return name + " " + type;
        }
    }

    static Stream<Sample> formats() {
        Stream<Sample> blocks = BlockFormat.TYPES.stream()
                .map(type ->
                        new Sample("GGUF", new BlockFormat(), type, List.of(tensor("weight", type, OUTPUTS, INPUTS))));
        Stream<Sample> floats = FloatFormat.TYPES.stream()
                .map(type ->
                        new Sample("plain", new FloatFormat(), type, List.of(tensor("weight", type, OUTPUTS, INPUTS))));
        GptqConfig gptq = new GptqConfig(8, 64, true, true, false);
        TensorInfo scales = tensor("scales", TensorType.F16, INPUTS / 64, OUTPUTS);
        TensorInfo rowScales = tensor("weight_scale", TensorType.F32, OUTPUTS, 1);
        return Stream.of(
                        blocks,
                        floats,
                        Stream.of(
                                new Sample(
                                        "GPTQ",
                                        new GptqFormat(gptq),
                                        TensorType.I32,
                                        List.of(
                                                tensor("qweight", TensorType.I32, INPUTS / 4, OUTPUTS),
                                                tensor("qzeros", TensorType.I32, INPUTS / 64, OUTPUTS / 4),
                                                scales)),
                                new Sample(
                                        "AWQ",
                                        new AwqFormat(64),
                                        TensorType.I32,
                                        List.of(
                                                tensor("qweight", TensorType.I32, INPUTS, OUTPUTS / 8),
                                                tensor("qzeros", TensorType.I32, INPUTS / 64, OUTPUTS / 8),
                                                scales)),
                                new Sample(
                                        "compressed-tensors",
                                        new PackedRowsFormat(4, Blocks.CHANNEL, true),
                                        TensorType.I32,
                                        List.of(
                                                tensor("weight_packed", TensorType.I32, OUTPUTS, INPUTS / 8),
                                                rowScales)),
                                new Sample(
                                        "MXFP4",
                                        new Mxfp4Format(),
                                        TensorType.U8,
                                        List.of(
                                                tensor("weight_packed", TensorType.U8, OUTPUTS, INPUTS / 2),
                                                tensor("weight_scale", TensorType.U8, OUTPUTS, INPUTS / 32))),
                                new Sample(
                                        "compressed-tensors",
                                        new Int8Format(Blocks.CHANNEL),
                                        TensorType.I8,
                                        List.of(tensor("weight", TensorType.I8, OUTPUTS, INPUTS), rowScales)),
                                new Sample(
                                        "FP8",
                                        new E4m3Format(Optional.of(Blocks.CHANNEL)),
                                        TensorType.F8_E4M3,
                                        List.of(tensor("weight", TensorType.F8_E4M3, OUTPUTS, INPUTS), rowScales))))
                .flatMap(samples -> samples);
    }

    /** All tensors are the beginning of one file of zeros. */
    private static TensorInfo tensor(String kind, TensorType type, long... shape) {
        long elements = LongStream.of(shape).reduce(1, Math::multiplyExact);
        List<Long> sizes = LongStream.of(shape).boxed().toList();
        long bytes = elements / type.elements() * type.bytes();
        return new TensorInfo(dir.resolve("zeros"), "layer." + kind, type, sizes, 0, bytes);
    }

    @BeforeAll
    static void makeFile() throws IOException {
        try (RandomAccessFile zeros = new RandomAccessFile(dir.resolve("zeros").toFile(), "rw")) {
            zeros.setLength(WEIGHTS * Float.BYTES);
        }
    }

    private static LinearFormat.Stored stored(Sample sample) {
        TreeMap<String, TensorInfo> tensors = new TreeMap<>();
        sample.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
        return sample.format().find(Checkpoint.of(dir, tensors, name -> name), "layer", OUTPUTS, INPUTS);
    }

    @ParameterizedTest
    @MethodSource("formats")
    void loadingAMatrixTakesNoHeapForItsWeights(Sample sample) {
        LinearFormat.Stored stored = stored(sample);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Arena arena = Arena.ofShared()) {
            stored.load(new float[0], ComputeMode.INT8, arena); // what is made once in a process is made now
            long before = threads.getCurrentThreadAllocatedBytes();
            Linear linear = stored.load(new float[0], ComputeMode.INT8, arena);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertThat(linear.outputs()).isEqualTo(OUTPUTS);
            assertThat(allocated).as("bytes of heap").isLessThan(MOST_HEAP_BYTES);
        }
    }
}
