package io.yuebing.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.function.IntToDoubleFunction;

/** Random matrices of every encoding with their exact weights, and the product computed in doubles. */
final class Matrices {
    /**
     * A matrix to test.
     *
     * @param weights {@code [outputs][inputs]}, exactly those that the linear multiplies with
     * @param build makes the linear with the given set of loops
     */
    record Sample(String name, int outputs, int inputs, double[] weights, float[] bias, Build build) {
        double dot(int output, IntToDoubleFunction x) {
            double sum = bias.length == 0 ? 0 : bias[output];
            for (int k = 0; k < inputs; k++) {
                sum += weights[output * inputs + k] * x.applyAsDouble(k);
            }
            return sum;
        }

        /** Sum of the magnitudes, to which errors are relative. */
        double magnitude(int output, IntToDoubleFunction x) {
            double sum = bias.length == 0 ? 0 : Math.abs(bias[output]);
            for (int k = 0; k < inputs; k++) {
                sum += Math.abs(weights[output * inputs + k] * x.applyAsDouble(k));
            }
            return sum;
        }
    }

    @FunctionalInterface
    interface Build {
        Linear with(Kernels kernels, Arena arena);
    }

    private Matrices() {}

    static float[] floats(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    static Sample floating(PanelEncoding encoding, int outputs, int inputs, Random random) {
        int n = outputs * inputs;
        int bytes = encoding.bitsPerInput() / Byte.SIZE;
        MemorySegment rows = Arena.ofAuto().allocate((long) n * bytes, 4);
        float[] values = floats(random, n);
        float[] stored = new float[n];
        switch (encoding) {
            case F32 -> {
                Rows.floatToF32(values, 0, rows, 0, n);
                Rows.f32ToFloat(rows, 0, stored, 0, n);
            }
            case F16 -> {
                for (int i = 0; i < n; i += 7) {
                    values[i] *= 0x1p-20f; // subnormal in half precision
                }
                Rows.floatToF16(values, 0, rows, 0, n);
                Rows.f16ToFloat(rows, 0, stored, 0, n);
            }
            case BF16 -> {
                Rows.floatToBf16(values, 0, rows, 0, n);
                Rows.bf16ToFloat(rows, 0, stored, 0, n);
            }
            case NIBBLE, BYTE, E4M3 -> throw new IllegalArgumentException("Not floats: " + encoding);
        }
        double[] weights = new double[n];
        for (int i = 0; i < n; i++) {
            weights[i] = stored[i];
        }
        float[] bias = random.nextBoolean() ? floats(random, outputs) : new float[0];
        String name = encoding + " " + outputs + "x" + inputs;
        return new Sample(
                name,
                outputs,
                inputs,
                weights,
                bias,
                (kernels, arena) ->
                        Linears.floats(encoding, outputs, inputs, RowBands.of(rows, outputs), bias, arena, kernels));
    }

    static Sample quantized(
            int bits, int groupSize, boolean actOrder, ComputeMode mode, int outputs, int inputs, Random random) {
        int groups = Math.ceilDiv(inputs, groupSize);
        byte[] codes = new byte[inputs * outputs];
        byte[] zeros = new byte[groups * outputs];
        float[] scales = new float[groups * outputs];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) random.nextInt(1 << bits);
        }
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (byte) random.nextInt(1 << bits);
            scales[i] = 0.001f + random.nextFloat() * 0.1f;
        }
        int[] order = actOrder ? permutation(random, inputs) : new int[0];
        double[] weights = new double[outputs * inputs];
        for (int k = 0; k < inputs; k++) {
            for (int row = 0; row < outputs; row++) {
                int parameter = k / groupSize * outputs + row;
                int code = (codes[k * outputs + row] & 0xFF) - (zeros[parameter] & 0xFF);
                weights[row * inputs + (actOrder ? order[k] : k)] = (double) scales[parameter] * code;
            }
        }
        float[] bias = random.nextBoolean() ? floats(random, outputs) : new float[0];
        QuantizedWeights w = new QuantizedWeights(
                outputs, inputs, bits, groupSize, CodeBands.of(codes, outputs), scales, zeros, order);
        String name = mode + " " + bits + " bits, groups of " + groupSize + (actOrder ? ", act-order " : " ") + outputs
                + "x" + inputs;
        return new Sample(
                name,
                outputs,
                inputs,
                weights,
                bias,
                (kernels, arena) -> Linears.quantized(w, bias, mode, arena, kernels));
    }

    private static int[] permutation(Random random, int n) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
