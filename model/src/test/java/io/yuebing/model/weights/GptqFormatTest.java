package io.yuebing.model.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import io.yuebing.api.UserError;
import io.yuebing.kernels.ComputeMode;
import io.yuebing.kernels.Linear;
import io.yuebing.kernels.QuantizedWeights;
import io.yuebing.kernels.WorkerPool;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares with a dequantisation that goes through the packed tensors element by element. */
class GptqFormatTest {
    private static final int INPUTS = 256;
    private static final int OUTPUTS = 64;

    @TempDir
    Path dir;

    /** How the group index of a synthetic layer is made. */
    enum GroupIndex {
        ABSENT,
        ASCENDING,
        PERMUTED
    }

    @ParameterizedTest
    @CsvSource({
        "4, 128, gptq,    true,  ASCENDING",
        "4, 128, gptq,    false, ASCENDING",
        "4, 128, gptq_v2, true,  ASCENDING",
        "4, 128, gptq_v2, false, ASCENDING",
        "4, 32,  gptq,    false, PERMUTED",
        "4, 64,  gptq_v2, false, PERMUTED",
        "4, 64,  gptq,    true,  ABSENT",
        "4, -1,  gptq,    false, ASCENDING",
        "4, -1,  gptq,    true,  ABSENT",
        "8, 32,  gptq,    true,  ASCENDING",
        "8, 128, gptq,    false, PERMUTED",
        "8, 64,  gptq_v2, false, ABSENT",
        "8, -1,  gptq_v2, false, ASCENDING",
        "2, 64,  gptq,    true,  ASCENDING",
        "2, 32,  gptq_v2, false, PERMUTED",
        "3, 128, gptq,    true,  ASCENDING",
        "3, 64,  gptq,    false, PERMUTED",
        "3, -1,  gptq_v2, false, ABSENT",
    })
    void productsAreThoseOfTheDequantisedMatrix(
            int bits, int groupSize, String format, boolean symmetric, GroupIndex groupIndex) {
        Synthetic layer = Synthetic.random(bits, groupSize, format.equals("gptq_v2"), symmetric, groupIndex, 7);
        layer.file().write(dir.resolve("model.safetensors"));
        GptqConfig config = new GptqConfig(bits, groupSize, layer.zerosAsStored, symmetric, false);

        float[] x = new float[3 * INPUTS];
        Random random = new Random(11);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        float[] y = new float[3 * OUTPUTS];
        try (Arena arena = Arena.ofShared();
                WorkerPool pool = WorkerPool.create(2)) {
            Linear linear = new GptqFormat(config)
                    .find(Checkpoint.open(dir), "layer", OUTPUTS, INPUTS)
                    .load(new float[0], ComputeMode.F32, arena);
            linear.apply(x, 3, y, pool);
        }
        double[][] weights = layer.dequantised();
        for (int token = 0; token < 3; token++) {
            for (int output = 0; output < OUTPUTS; output++) {
                double expected = 0;
                double magnitude = 0;
                for (int input = 0; input < INPUTS; input++) {
                    double product = weights[output][input] * x[token * INPUTS + input];
                    expected += product;
                    magnitude += Math.abs(product);
                }
                assertThat((double) y[token * OUTPUTS + output])
                        .as("token %d, output %d", token, output)
                        .isCloseTo(expected, offset(1e-5 * magnitude + 1e-12));
            }
        }
    }

    @Test
    void aShorterLastGroupIsRead() {
        Synthetic layer = Synthetic.random(4, 96, false, false, GroupIndex.ASCENDING, 5);
        layer.file().write(dir.resolve("model.safetensors"));
        byte[] codes = new byte[INPUTS * OUTPUTS];
        QuantizedWeights unpacked =
                packed(new GptqConfig(4, 96, false, false, false)).unpack(Arena.ofAuto());
        unpacked.codes().read(0, OUTPUTS, codes);
        double[][] weights = layer.dequantised();
        for (int input : new int[] {0, 95, 96, 191, 192, 255}) {
            int at = input * OUTPUTS + 5;
            int group = input / 96 * OUTPUTS + 5;
            double w = unpacked.scales()[group] * (double) ((codes[at] & 0xFF) - (unpacked.zeros()[group] & 0xFF));
            assertThat(w).as("input %d", input).isEqualTo(weights[5][input]);
        }
    }

    @Test
    void aGroupOutOfRangeIsToldWithItsPlace() {
        Synthetic layer = Synthetic.random(4, 64, false, true, GroupIndex.ASCENDING, 3);
        layer.groupOf[70] = 9;
        layer.file().write(dir.resolve("model.safetensors"));
        GptqFormat.Packed packed = packed(new GptqConfig(4, 64, false, true, false));
        assertThatThrownBy(() -> packed.unpack(Arena.ofAuto()))
                .isInstanceOf(UserError.class)
                .hasMessage(dir.resolve("model.safetensors") + ": tensor layer.g_idx names group 9 at index 70 (offset "
                        + (packed.groupIndex().orElseThrow().offset() + 280) + "), expected a group in [0, 3]");
    }

    @Test
    void unevenGroupsAreTold() {
        Synthetic layer = Synthetic.random(4, 64, false, true, GroupIndex.ASCENDING, 3);
        layer.groupOf[70] = 0;
        layer.file().write(dir.resolve("model.safetensors"));
        assertThatThrownBy(
                        () -> packed(new GptqConfig(4, 64, false, true, false)).unpack(Arena.ofAuto()))
                .isInstanceOf(UserError.class)
                .hasMessageEndingWith("tensor layer.g_idx gives group 0 65 inputs, expected 64 by the group size");
    }

    @Test
    void aWrongShapeIsToldWithBoth() {
        Synthetic.random(8, 64, false, true, GroupIndex.ASCENDING, 3).file().write(dir.resolve("model.safetensors"));
        assertThatThrownBy(() -> packed(new GptqConfig(4, 64, false, true, false)))
                .isInstanceOf(UserError.class)
                .hasMessageEndingWith(
                        "tensor layer.qweight has shape [64, 64], expected [32, 64] by the model's configuration");
    }

    @Test
    void aWrongTypeIsTold() {
        Synthetic.random(4, 64, false, true, GroupIndex.ASCENDING, 3)
                .file()
                .add("layer.scales", TensorType.I64, new byte[4 * OUTPUTS * 8], 4, OUTPUTS)
                .write(dir.resolve("model.safetensors"));
        assertThatThrownBy(() -> packed(new GptqConfig(4, 64, false, true, false)))
                .isInstanceOf(UserError.class)
                .hasMessageEndingWith("tensor layer.scales has type I64, expected one of [F32, F16, BF16]");
    }

    private GptqFormat.Packed packed(GptqConfig config) {
        return (GptqFormat.Packed) new GptqFormat(config).find(Checkpoint.open(dir), "layer", OUTPUTS, INPUTS);
    }

    /** A layer with random codes, held unpacked. */
    private static final class Synthetic {
        final int bits;
        final int groups;
        final boolean zerosAsStored;
        final boolean withGroupIndex;
        final int[][] codes = new int[INPUTS][OUTPUTS];
        final int[][] zeros;
        final float[] scales;
        final int[] groupOf;

        private Synthetic(int bits, int groups, boolean zerosAsStored, boolean withGroupIndex, int[] groupOf) {
            this.bits = bits;
            this.groups = groups;
            this.zerosAsStored = zerosAsStored;
            this.withGroupIndex = withGroupIndex;
            this.groupOf = groupOf;
            this.zeros = new int[groups][OUTPUTS];
            this.scales = new float[groups * OUTPUTS];
        }

        static Synthetic random(
                int bits, int groupSize, boolean zerosAsStored, boolean symmetric, GroupIndex groupIndex, long seed) {
            Random random = new Random(seed);
            int size = groupSize == GptqConfig.WHOLE_COLUMN ? INPUTS : groupSize;
            int[] groupOf = IntStream.range(0, INPUTS).map(i -> i / size).toArray();
            if (groupIndex == GroupIndex.PERMUTED) {
                for (int i = INPUTS - 1; i > 0; i--) {
                    int j = random.nextInt(i + 1);
                    int swapped = groupOf[i];
                    groupOf[i] = groupOf[j];
                    groupOf[j] = swapped;
                }
            }
            Synthetic layer = new Synthetic(
                    bits, Math.ceilDiv(INPUTS, size), zerosAsStored, groupIndex != GroupIndex.ABSENT, groupOf);
            int levels = 1 << bits;
            for (int[] row : layer.codes) {
                Arrays.setAll(row, i -> random.nextInt(levels));
            }
            for (int[] row : layer.zeros) {
                Arrays.setAll(row, i -> symmetric ? levels / 2 : random.nextInt(levels));
            }
            for (int i = 0; i < layer.scales.length; i++) {
                layer.scales[i] = Float.float16ToFloat(Float.floatToFloat16(0.001f + random.nextFloat() / 50));
            }
            return layer;
        }

        SafetensorsFile file() {
            int rows = INPUTS * bits / 32;
            int columns = OUTPUTS * bits / 32;
            int[] qweight = new int[rows * OUTPUTS];
            for (int input = 0; input < INPUTS; input++) {
                for (int output = 0; output < OUTPUTS; output++) {
                    for (int bit = 0; bit < bits; bit++) {
                        int at = input * bits + bit;
                        qweight[at / 32 * OUTPUTS + output] |= (codes[input][output] >> bit & 1) << at % 32;
                    }
                }
            }
            int[] qzeros = new int[groups * columns];
            for (int group = 0; group < groups; group++) {
                for (int output = 0; output < OUTPUTS; output++) {
                    int stored = zeros[group][output] - (zerosAsStored ? 0 : 1);
                    for (int bit = 0; bit < bits; bit++) {
                        int at = output * bits + bit;
                        qzeros[group * columns + at / 32] |= (stored >> bit & 1) << at % 32;
                    }
                }
            }
            SafetensorsFile file = new SafetensorsFile()
                    .ints("layer.qweight", qweight, rows, OUTPUTS)
                    .ints("layer.qzeros", qzeros, groups, columns)
                    .halfs("layer.scales", scales, groups, OUTPUTS);
            return withGroupIndex ? file.ints("layer.g_idx", groupOf, INPUTS) : file;
        }

        double[][] dequantised() {
            double[][] weights = new double[OUTPUTS][INPUTS];
            for (int output = 0; output < OUTPUTS; output++) {
                for (int input = 0; input < INPUTS; input++) {
                    int group = groupOf[input];
                    weights[output][input] =
                            (double) scales[group * OUTPUTS + output] * (codes[input][output] - zeros[group][output]);
                }
            }
            return weights;
        }
    }
}
