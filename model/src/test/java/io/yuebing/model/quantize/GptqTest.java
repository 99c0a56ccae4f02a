package io.yuebing.model.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yuebing.kernels.WorkerPool;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GptqTest {
    private static final int OUTPUTS = 40;
    private static final int TOKENS = 600;
    private static final double DAMPING = 0.01;

    private WorkerPool pool;
    private WorkerPool single;

    @BeforeAll
    void start() {
        pool = WorkerPool.create(3);
        single = WorkerPool.create(1);
    }

    @AfterAll
    void stop() {
        pool.close();
        single.close();
    }

    @Test
    void theHessianIsTheSumOfProductsOfActivations() {
        long seed = 3;
        int inputs = 70;
        float[] x = correlated(new Random(seed), inputs);
        double[][] upper = hessian(x, inputs).take();
        for (int i = 0; i < inputs; i++) {
            for (int j = i; j < inputs; j++) {
                double sum = 0;
                double magnitude = 0;
                for (int token = 0; token < TOKENS; token++) {
                    double product = (double) x[token * inputs + i] * x[token * inputs + j];
                    sum += product;
                    magnitude += Math.abs(product);
                }
                assertThat(upper[i][j - i])
                        .as("[%d, %d], seed %d", i, j, seed)
                        .isCloseTo(sum, within(1e-5 * magnitude));
            }
        }
    }

    @Test
    void theFactorIsThatOfTheInverseForAnyNumberOfThreads() {
        long seed = 4;
        int inputs = 53; // not a whole number of panels
        float[] x = correlated(new Random(seed), inputs);
        double[][] damped = hessian(x, inputs).take();
        double mean = Arrays.stream(damped).mapToDouble(row -> row[0]).sum() / inputs;
        double[][] factor =
                InverseFactor.of(hessian(x, inputs).take(), DAMPING, pool).rows();
        for (int i = 0; i < inputs; i++) {
            damped[i][0] += DAMPING * mean;
        }
        for (int i = 0; i < inputs; i++) {
            for (int j = 0; j < inputs; j++) {
                double product = 0; // (X H Xᵀ)[i][j] = 1 on the diagonal, since H⁻¹ = Xᵀ X
                for (int a = 0; a <= i; a++) {
                    for (int b = 0; b <= j; b++) {
                        product += factor[i][a] * damped[Math.min(a, b)][Math.abs(a - b)] * factor[j][b];
                    }
                }
                assertThat(product).as("[%d, %d], seed %d", i, j, seed).isCloseTo(i == j ? 1 : 0, within(1e-8));
            }
        }
        assertThat(InverseFactor.of(hessian(x, inputs).take(), DAMPING, single).rows())
                .isDeepEqualTo(factor);
    }

    @Test
    void activationsThatAreNotFiniteAreRefused() {
        float[] x = correlated(new Random(1), 16);
        x[5] = Float.NaN;
        assertThatThrownBy(() -> InverseFactor.of(hessian(x, 16).take(), DAMPING, pool))
                .isInstanceOf(ArithmeticException.class)
                .hasMessageContaining("NaN");
    }

    /** At the edges: a group that is not full, one group for all, groups beyond a block. */
    @ParameterizedTest
    @CsvSource({
        "4, 16, false",
        "4, 16, true",
        "4, 40, false",
        "4, 40, true",
        "8, 32, false",
        "4, 300, false",
        "8, 300, true"
    })
    void errorsOfOutputsAreSmallerThanOfRoundingToTheNearest(int bits, int groupSize, boolean actOrder) {
        long seed = 7;
        Random random = new Random(seed);
        int inputs = 300;
        float[] x = correlated(random, inputs);
        float[] weights = gaussian(random, OUTPUTS * inputs);
        GptqMatrix calibrated = quantize(weights, hessian(x, inputs), bits, groupSize, actOrder, pool);
        GptqMatrix rounded = quantize(weights, new Hessian(inputs, pool), bits, groupSize, false, pool);
        assertThat(error(weights, calibrated, x)).as("seed %d", seed).isLessThan(0.6 * error(weights, rounded, x));
        GptqMatrix again = quantize(weights, hessian(x, inputs), bits, groupSize, actOrder, single);
        assertThat(again.codes()).isEqualTo(calibrated.codes());
        assertThat(again.scales()).isEqualTo(calibrated.scales());
    }

    @Test
    void withoutCalibrationWeightsAreOffByHalfAStepAtMost() {
        long seed = 2;
        int inputs = 64;
        float[] weights = gaussian(new Random(seed), OUTPUTS * inputs);
        GptqMatrix matrix = quantize(weights, new Hessian(inputs, pool), 8, 32, false, pool);
        for (int i = 0; i < weights.length; i++) {
            float scale = Float.float16ToFloat(matrix.scales()[i % inputs / 32 * OUTPUTS + i / inputs]);
            assertThat(matrix.weight(i / inputs, i % inputs))
                    .as("weight %d, seed %d", i, seed)
                    .isCloseTo(weights[i], within(scale * 0.57f)); // the scale is rounded, too: by 1/2048 of 127 steps
        }
    }

    @Test
    void weightsTooLargeForHalfPrecisionScalesAreRefused() {
        float[] weights = new float[OUTPUTS * 16];
        weights[3] = 1e7f;
        assertThatThrownBy(() -> quantize(weights, new Hessian(16, pool), 4, 16, false, pool))
                .isInstanceOf(ArithmeticException.class)
                .hasMessageContaining("half precision");
    }

    @ParameterizedTest
    @CsvSource({"4, false", "4, true", "8, false", "8, true"})
    void anIndependentUnpackerReadsWhatWasMeant(int bits, boolean actOrder) {
        long seed = 9;
        Random random = new Random(seed);
        int inputs = 48;
        GptqMatrix matrix = quantize(
                gaussian(random, OUTPUTS * inputs),
                hessian(correlated(random, inputs), inputs),
                bits,
                16,
                actOrder,
                pool);
        GptqTensors tensors = new GptqTensors(matrix);
        ByteBuffer qweight = tensors.qweight();
        ByteBuffer qzeros = tensors.qzeros();
        ByteBuffer scales = tensors.scales();
        ByteBuffer groups = tensors.groupIndex();
        for (int output = 0; output < OUTPUTS; output++) {
            for (int input = 0; input < inputs; input++) {
                int group = groups.getInt(4 * input);
                long code = 0;
                long zero = 0;
                for (int bit = 0; bit < bits; bit++) {
                    int down = input * bits + bit;
                    code |= (qweight.getInt(4 * (down / 32 * OUTPUTS + output)) >>> down % 32 & 1L) << bit;
                    int across = output * bits + bit;
                    zero |= (qzeros.getInt(4 * (group * (OUTPUTS * bits / 32) + across / 32)) >>> across % 32 & 1L)
                            << bit;
                }
                float scale = Float.float16ToFloat(scales.getShort(2 * (group * OUTPUTS + output)));
                assertThat(scale * (code - (zero + 1)))
                        .as("[%d, %d], seed %d", output, input, seed)
                        .isEqualTo(matrix.weight(output, input));
            }
        }
    }

    private GptqMatrix quantize(
            float[] weights, Hessian hessian, int bits, int groupSize, boolean actOrder, WorkerPool threads) {
        int inputs = hessian.inputs();
        double[][] upper = hessian.take();
        double[] squares = new double[inputs];
        Arrays.setAll(squares, i -> upper[i][0]);
        ColumnOrder order =
                actOrder ? ColumnOrder.byActivations(squares, groupSize) : ColumnOrder.plain(inputs, groupSize);
        double[][] arranged = order.arrange(upper);
        Arrays.setAll(squares, i -> arranged[i][0]);
        Gptq gptq = new Gptq(InverseFactor.of(arranged, DAMPING, threads), order, squares, bits);
        return gptq.quantize(
                OUTPUTS,
                (first, count, to) -> System.arraycopy(weights, first * inputs, to, 0, count * inputs),
                threads);
    }

    /** Sum of squared differences of the outputs. */
    private static double error(float[] weights, GptqMatrix matrix, float[] x) {
        int inputs = matrix.inputs();
        double sum = 0;
        for (int token = 0; token < TOKENS; token++) {
            for (int output = 0; output < OUTPUTS; output++) {
                double difference = 0;
                for (int input = 0; input < inputs; input++) {
                    difference += (weights[output * inputs + input] - (double) matrix.weight(output, input))
                            * x[token * inputs + input];
                }
                sum += difference * difference;
            }
        }
        return sum;
    }

    private Hessian hessian(float[] x, int inputs) {
        Hessian hessian = new Hessian(inputs, pool);
        hessian.add((token, to) -> System.arraycopy(x, token * inputs, to, 0, inputs), TOKENS);
        return hessian;
    }

    /** Activations that vary in a few directions mostly, as those of models do. */
    private static float[] correlated(Random random, int inputs) {
        int directions = 12;
        float[] mixing = gaussian(random, directions * inputs);
        float[] x = new float[TOKENS * inputs];
        for (int token = 0; token < TOKENS; token++) {
            float[] z = gaussian(random, directions);
            for (int i = 0; i < inputs; i++) {
                float sum = 0.2f * (float) random.nextGaussian();
                for (int k = 0; k < directions; k++) {
                    sum += z[k] * mixing[k * inputs + i];
                }
                x[token * inputs + i] = sum;
            }
        }
        return x;
    }

    private static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
