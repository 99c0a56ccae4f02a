package io.yuebing.model.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.WorkerPool;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Blocks of GGUF mean what gguf-py makes of them. */
class BlockFormatTest {
    private static final Path BLOCKS = Path.of("src", "test", "resources", "gguf", "blocks");

    @TempDir
    Path dir;

    static Stream<TensorType> typesWithReference() {
        return BlockFormat.TYPES.stream().filter(type -> Files.exists(BLOCKS.resolve(type + ".bin")));
    }

    @ParameterizedTest
    @MethodSource("typesWithReference")
    void blocksWidenToTheBitsOfTheReference(TensorType type) throws IOException {
        byte[] blocks = Files.readAllBytes(BLOCKS.resolve(type + ".bin"));
        float[] expected = floats(Files.readAllBytes(BLOCKS.resolve(type + ".f32")));

        float[] actual = new float[expected.length];
        BlockFormat.widen(type, MemorySegment.ofArray(blocks), 0, actual, 0, actual.length);

        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("%s, element %d", type, i).isEqualTo(expected[i]);
        }
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS",
                "MXFP4"
            })
    void productsAreThoseOfTheWidenedWeights(TensorType type) throws IOException {
        int outputs = 70;
        int inputs = 512;
        long seed = 11;
        TensorInfo tensor = write(type, outputs, inputs, seed);
        float[] x = new float[3 * inputs];
        Random random = new Random(seed);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }

        try (Arena arena = Arena.ofShared();
                WorkerPool pool = WorkerPool.create(2)) {
            Linear linear = BlockFormat.matrix(tensor, outputs, inputs).load(new float[0], ComputeMode.F32, arena);
            float[] y = new float[3 * outputs];
            linear.apply(x, 3, y, pool);

            MemorySegment data = Checkpoint.map(tensor, arena);
            float[] row = new float[inputs];
            for (int output = 0; output < outputs; output++) {
                BlockFormat.widen(type, data, (long) output * inputs, row, 0, inputs);
                for (int token = 0; token < 3; token++) {
                    double sum = 0;
                    double size = 0;
                    for (int i = 0; i < inputs; i++) {
                        double product = (double) row[i] * x[token * inputs + i];
                        sum += product;
                        size += Math.abs(product);
                    }
                    assertThat((double) y[token * outputs + output])
                            .as("%s, seed %d, output %d", type, seed, output)
                            .isBetween(sum - 1e-5 * size, sum + 1e-5 * size);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q4_0", "Q5_1", "Q4_K", "Q6_K", "IQ4_XS"})
    void aScaleThatIsNotFiniteIsToldWithItsPlace(TensorType type) throws IOException {
        TensorInfo tensor = write(type, 4, 512, 12);
        byte[] bytes = Files.readAllBytes(tensor.file());
        int row = 2;
        int block = (int) (tensor.bytes() / 4 * row);
        int scale = switch (type) {
            case Q6_K -> 208;
            default -> 0;
        };
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(block + scale, (short) 0x7E00);
        Files.write(tensor.file(), bytes);

        try (Arena arena = Arena.ofShared()) {
            assertThatThrownBy(() -> BlockFormat.matrix(tensor, 4, 512).load(new float[0], ComputeMode.F32, arena))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("blocks.bin: tensor blk.0.x.weight at offset " + block + ", row 2")
                    .hasMessageContaining("found NaN");
        }
    }

    /** Random blocks with sound scales: the reference's blocks in random order, or random bytes for Q4_K. */
    private TensorInfo write(TensorType type, int outputs, int inputs, long seed) throws IOException {
        Random random = new Random(seed);
        int count = outputs * inputs / type.elements();
        byte[] all = new byte[count * type.bytes()];
        Path reference = BLOCKS.resolve(type + ".bin");
        if (Files.exists(reference)) {
            byte[] blocks = Files.readAllBytes(reference);
            for (int i = 0; i < count; i++) {
                int from = random.nextInt(blocks.length / type.bytes()) * type.bytes();
                System.arraycopy(blocks, from, all, i * type.bytes(), type.bytes());
            }
        } else {
            random.nextBytes(all);
            ByteBuffer buffer = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < count; i++) {
                buffer.putShort(i * type.bytes(), Float.floatToFloat16(random.nextFloat()));
                buffer.putShort(i * type.bytes() + 2, Float.floatToFloat16(random.nextFloat()));
            }
        }
        Path file = dir.resolve("blocks.bin");
        Files.write(file, all);
        return new TensorInfo(file, "blk.0.x.weight", type, List.of((long) outputs, (long) inputs), 0, all.length);
    }

    private static float[] floats(byte[] bytes) {
        float[] floats = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
        return Arrays.copyOf(floats, floats.length);
    }
}
