package io.yuebing.model.weights;

import io.yuebing.kernels.Rows;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * A layer with random codes in the tensors of a format, and the weights that its definition gives.
 *
 * @param weights {@code [outputs][inputs]}
 */
record QuantizedLayer(String config, SafetensorsFile file, float[][] weights) {
    static final int OUTPUTS = 48;
    static final int INPUTS = 96;
    private static final int GROUP = 32;
    private static final int GROUPS = INPUTS / GROUP;
    private static final float[] E2M1 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

    /** Formats and their variants. */
    enum Kind {
        AWQ("{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":32,\"version\":\"gemm\",\"zero_point\":true}"),
        FP8_TENSOR("{\"quant_method\":\"fp8\",\"activation_scheme\":\"static\"}"),
        FP8_CHANNEL("{\"quant_method\":\"fbgemm_fp8\",\"activation_scale_ub\":1200.0}"),
        FP8_BLOCKS("{\"quant_method\":\"fp8\",\"fmt\":\"e4m3\",\"weight_block_size\":[32,64]}"),
        COMPRESSED_FP8_CHANNEL(compressed("float-quantized", 8, "float", "channel", true)),
        COMPRESSED_INT8(compressed("int-quantized", 8, "int", "channel", true)),
        COMPRESSED_INT8_ASYMMETRIC(compressed("int-quantized", 8, "int", "channel", false)),
        COMPRESSED_W4(compressed("pack-quantized", 4, "int", "group", true)),
        COMPRESSED_W4_ASYMMETRIC(compressed("pack-quantized", 4, "int", "group", false)),
        COMPRESSED_W4_ORDER(compressed("pack-quantized", 4, "int", "group", true)),
        COMPRESSED_W8(compressed("pack-quantized", 8, "int", "group", false)),
        NF4("{\"quant_method\":\"bitsandbytes\",\"load_in_4bit\":true,\"bnb_4bit_quant_type\":\"nf4\"}"),
        NF4_DOUBLE(NF4.config),
        MXFP4(compressed("mxfp4-pack-quantized", 4, "float", "group", true));

        private final String config;

        Kind(String config) {
            this.config = config;
        }

        String config() {
            return config;
        }
    }

    private static String compressed(String format, int bits, String type, String strategy, boolean symmetric) {
        String group = strategy.equals("group") ? ",\"group_size\":32" : "";
        return "{\"quant_method\":\"compressed-tensors\",\"format\":\"" + format + "\",\"config_groups\":{\"group_0\":{"
                + "\"targets\":[\"Linear\"],\"weights\":{\"num_bits\":" + bits + ",\"type\":\"" + type
                + "\",\"strategy\":\"" + strategy + "\",\"symmetric\":" + symmetric + group
                + "}}},\"ignore\":[\"lm_head\",\"re:.*gate$\"]}";
    }

    static QuantizedLayer random(Kind kind, Random random) {
        return switch (kind) {
            case AWQ -> awq(kind, random);
            case FP8_TENSOR -> fp8(kind, random, "weight_scale", OUTPUTS, INPUTS);
            case FP8_CHANNEL, COMPRESSED_FP8_CHANNEL -> fp8(kind, random, "weight_scale", 1, INPUTS);
            case FP8_BLOCKS -> fp8(kind, random, "weight_scale_inv", 32, 64);
            case COMPRESSED_INT8 -> int8(kind, random, false);
            case COMPRESSED_INT8_ASYMMETRIC -> int8(kind, random, true);
            case COMPRESSED_W4 -> packed(kind, random, 4, false, false);
            case COMPRESSED_W4_ASYMMETRIC -> packed(kind, random, 4, true, false);
            case COMPRESSED_W4_ORDER -> packed(kind, random, 4, false, true);
            case COMPRESSED_W8 -> packed(kind, random, 8, true, false);
            case NF4 -> bitsAndBytes(kind, random, false);
            case NF4_DOUBLE -> bitsAndBytes(kind, random, true);
            case MXFP4 -> mxfp4(kind, random);
        };
    }

    private static float[] scales(Random random, int n) {
        float[] scales = new float[n];
        for (int i = 0; i < n; i++) {
            scales[i] = Float.float16ToFloat(Float.floatToFloat16(0.001f + random.nextFloat() / 50));
        }
        return scales;
    }

    private static QuantizedLayer awq(Kind kind, Random random) {
        int[] place = {0, 4, 1, 5, 2, 6, 3, 7}; // of each of eight outputs in their word
        int[] qweight = new int[INPUTS * OUTPUTS / 8];
        int[] qzeros = new int[GROUPS * OUTPUTS / 8];
        float[] scales = scales(random, GROUPS * OUTPUTS);
        int[][] zeros = new int[GROUPS][OUTPUTS];
        float[][] weights = new float[OUTPUTS][INPUTS];
        for (int output = 0; output < OUTPUTS; output++) {
            int shift = 4 * place[output % 8];
            for (int group = 0; group < GROUPS; group++) {
                zeros[group][output] = random.nextInt(16);
                qzeros[(group * OUTPUTS + output) / 8] |= zeros[group][output] << shift;
            }
            for (int input = 0; input < INPUTS; input++) {
                int code = random.nextInt(16);
                int group = input / GROUP;
                qweight[(input * OUTPUTS + output) / 8] |= code << shift;
                weights[output][input] = scales[group * OUTPUTS + output] * (code - zeros[group][output]);
            }
        }
        SafetensorsFile file = new SafetensorsFile()
                .ints("layer.qweight", qweight, INPUTS, OUTPUTS / 8)
                .ints("layer.qzeros", qzeros, GROUPS, OUTPUTS / 8)
                .halfs("layer.scales", scales, GROUPS, OUTPUTS);
        return new QuantizedLayer(kind.config(), file, weights);
    }

    private static QuantizedLayer fp8(Kind kind, Random random, String name, int blockOutputs, int blockInputs) {
        int rows = Math.ceilDiv(OUTPUTS, blockOutputs);
        int columns = Math.ceilDiv(INPUTS, blockInputs);
        float[] scales = scales(random, rows * columns);
        byte[] codes = new byte[OUTPUTS * INPUTS];
        float[][] weights = new float[OUTPUTS][INPUTS];
        for (int output = 0; output < OUTPUTS; output++) {
            for (int input = 0; input < INPUTS; input++) {
                int code = random.nextInt(127) | (random.nextBoolean() ? 0x80 : 0);
                int exponent = code >> 3 & 15;
                int fraction = code & 7;
                double value = exponent == 0 ? fraction * Math.pow(2, -9) : (8 + fraction) * Math.pow(2, exponent - 10);
                float scale = scales[output / blockOutputs * columns + input / blockInputs];
                codes[output * INPUTS + input] = (byte) code;
                weights[output][input] = (float) (code < 128 ? value : -value) * scale + 0f;
            }
        }
        SafetensorsFile file = new SafetensorsFile().add("layer.weight", TensorType.F8_E4M3, codes, OUTPUTS, INPUTS);
        if (rows * columns == 1) {
            file.floats("layer." + name, scales);
        } else {
            file.floats("layer." + name, scales, rows, columns);
        }
        return new QuantizedLayer(kind.config(), file, weights);
    }

    private static QuantizedLayer int8(Kind kind, Random random, boolean asymmetric) {
        float[] scales = scales(random, OUTPUTS);
        byte[] codes = new byte[OUTPUTS * INPUTS];
        byte[] zeros = new byte[OUTPUTS];
        random.nextBytes(codes);
        if (asymmetric) {
            random.nextBytes(zeros);
        }
        float[][] weights = new float[OUTPUTS][INPUTS];
        for (int i = 0; i < codes.length; i++) {
            int output = i / INPUTS;
            weights[output][i % INPUTS] = scales[output] * (codes[i] - zeros[output]);
        }
        SafetensorsFile file = new SafetensorsFile()
                .add("layer.weight", TensorType.I8, codes, OUTPUTS, INPUTS)
                .floats("layer.weight_scale", scales, OUTPUTS, 1);
        if (asymmetric) {
            file.add("layer.weight_zero_point", TensorType.I8, zeros, OUTPUTS, 1);
        }
        return new QuantizedLayer(kind.config(), file, weights);
    }

    private static QuantizedLayer packed(Kind kind, Random random, int bits, boolean asymmetric, boolean ordered) {
        int perWord = 32 / bits;
        int middle = 1 << (bits - 1);
        float[] scales = scales(random, OUTPUTS * GROUPS);
        int[] groupOf = new int[INPUTS];
        for (int input = 0; input < INPUTS; input++) {
            groupOf[input] = ordered ? (input * 7 + 3) % GROUPS : input / GROUP;
        }
        int[] words = new int[OUTPUTS * INPUTS / perWord];
        int[] zeroWords = new int[OUTPUTS / perWord * GROUPS];
        float[][] weights = new float[OUTPUTS][INPUTS];
        for (int output = 0; output < OUTPUTS; output++) {
            int[] zeros = new int[GROUPS];
            for (int group = 0; group < GROUPS; group++) {
                zeros[group] = asymmetric ? random.nextInt(2 * middle) - middle : 0;
                zeroWords[output / perWord * GROUPS + group] |= zeros[group] + middle << output % perWord * bits;
            }
            for (int input = 0; input < INPUTS; input++) {
                int code = random.nextInt(2 * middle) - middle;
                int group = groupOf[input];
                words[(output * INPUTS + input) / perWord] |= code + middle << input % perWord * bits;
                weights[output][input] = scales[output * GROUPS + group] * (code - zeros[group]);
            }
        }
        SafetensorsFile file = new SafetensorsFile()
                .ints("layer.weight_packed", words, OUTPUTS, INPUTS / perWord)
                .halfs("layer.weight_scale", scales, OUTPUTS, GROUPS)
                .ints("layer.weight_shape", new int[] {OUTPUTS, INPUTS}, 2);
        if (asymmetric) {
            file.ints("layer.weight_zero_point", zeroWords, OUTPUTS / perWord, GROUPS);
        }
        if (ordered) {
            file.ints("layer.weight_g_idx", groupOf, INPUTS);
        }
        return new QuantizedLayer(kind.config(), file, weights);
    }

    private static QuantizedLayer mxfp4(Kind kind, Random random) {
        byte[] codes = new byte[OUTPUTS * INPUTS / 2];
        byte[] exponents = new byte[OUTPUTS * GROUPS];
        float[][] weights = new float[OUTPUTS][INPUTS];
        for (int i = 0; i < exponents.length; i++) {
            exponents[i] = (byte) (110 + random.nextInt(30));
        }
        for (int i = 0; i < OUTPUTS * INPUTS; i++) {
            int code = random.nextInt(16);
            codes[i / 2] |= (byte) (code << i % 2 * 4);
            float value = code < 8 ? E2M1[code] : -E2M1[code - 8];
            int exponent = (exponents[i / GROUP] & 0xFF) - 127;
            weights[i / INPUTS][i % INPUTS] = value * (float) Math.pow(2, exponent) + 0f;
        }
        SafetensorsFile file = new SafetensorsFile()
                .add("layer.weight_packed", TensorType.U8, codes, OUTPUTS, INPUTS / 2)
                .add("layer.weight_scale", TensorType.U8, exponents, OUTPUTS, GROUPS);
        return new QuantizedLayer(kind.config(), file, weights);
    }

    /** Blocks of 64 go on from row to row; the original matrix was bfloat16. */
    private static QuantizedLayer bitsAndBytes(Kind kind, Random random, boolean nested) {
        int block = 64;
        float[] table = scales(random, 16);
        float[] absmax = scales(random, OUTPUTS * INPUTS / block);
        byte[] codesOfAbsmax = new byte[absmax.length];
        float[] outerTable = scales(random, 256);
        float[] outer = scales(random, Math.ceilDiv(absmax.length, 16));
        if (nested) {
            random.nextBytes(codesOfAbsmax);
            for (int i = 0; i < absmax.length; i++) {
                absmax[i] = outerTable[codesOfAbsmax[i] & 0xFF] * outer[i / 16] + 0.25f;
            }
        }
        byte[] codes = new byte[OUTPUTS * INPUTS / 2];
        float[][] weights = new float[OUTPUTS][INPUTS];
        for (int i = 0; i < OUTPUTS * INPUTS; i++) {
            int code = random.nextInt(16);
            codes[i / 2] |= (byte) (code << (1 - i % 2) * 4);
            weights[i / INPUTS][i % INPUTS] = Rows.bf16ToFloat(Rows.floatToBf16(table[code] * absmax[i / block]));
        }
        String state = "{\"quant_type\":\"nf4\",\"blocksize\":64,\"dtype\":\"bfloat16\",\"shape\":[" + OUTPUTS + ","
                + INPUTS + "]" + (nested ? ",\"nested_blocksize\":16,\"nested_offset\":0.25" : "") + "}";
        SafetensorsFile file = new SafetensorsFile()
                .add("layer.weight", TensorType.U8, codes, codes.length, 1)
                .floats("layer.weight.quant_map", table, 16)
                .add(
                        "layer.weight.quant_state.bitsandbytes__nf4",
                        TensorType.U8,
                        state.getBytes(StandardCharsets.UTF_8),
                        state.length());
        if (nested) {
            file.add("layer.weight.absmax", TensorType.U8, codesOfAbsmax, absmax.length)
                    .floats("layer.weight.nested_absmax", outer, outer.length)
                    .floats("layer.weight.nested_quant_map", outerTable, 256);
        } else {
            file.floats("layer.weight.absmax", absmax, absmax.length);
        }
        return new QuantizedLayer(kind.config(), file, weights);
    }
}
