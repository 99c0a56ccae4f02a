package io.yuebing.bench.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Models as safetensors with the matrices in each format. */
final class SafetensorsSamples {
    private static final String LAYER = "model.layers.0.";
    private static final String FILE = "model.safetensors";
    private static final int GROUP = 32;
    private static final float SCALE = 0.01f;

    private SafetensorsSamples() {}

    /** A tensor of a file. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Tensor(String name, String type, List<Integer> shape, byte[] data) {}

    /** Makes the tensors of a matrix. */
    @FunctionalInterface
    private interface Matrix {
        void add(String name, int outputs, int inputs, List<Tensor> to);
    }

    static List<FuzzSample> configurations() {
        List<FuzzSample> samples = new ArrayList<>();
        for (List<FuzzSample> each :
                List.of(floats(), gptq(), awq(), fp8(), compressedTensors(), mxfp4(), bitsAndBytes())) {
            each.stream()
                    .map(sample -> new FuzzSample(
                            sample.name(),
                            sample.files(),
                            List.of("config.json", "generation_config.json"),
                            sample.reader()))
                    .forEach(samples::add);
        }
        return samples;
    }

    static List<FuzzSample> floats() {
        List<Tensor> f32 = tensors((name, outputs, inputs, to) -> to.add(new Tensor(
                name + ".weight", "F32", List.of(outputs, inputs), Samples.floats(outputs * inputs, SCALE))));
        List<Tensor> bf16 = tensors((name, outputs, inputs, to) -> to.add(new Tensor(
                name + ".weight", "BF16", List.of(outputs, inputs), Samples.smallNumbers(2L * outputs * inputs))));
        Map<String, byte[]> sharded = new TreeMap<>(common(Map.of()));
        Map<String, String> places = new TreeMap<>();
        int half = f32.size() / 2;
        for (int part = 0; part < 2; part++) {
            String name = "model-0000" + (part + 1) + "-of-00002.safetensors";
            List<Tensor> own = part == 0 ? f32.subList(0, half) : f32.subList(half, f32.size());
            own.forEach(tensor -> places.put(tensor.name(), name));
            sharded.put(name, file(own));
        }
        String index = "model.safetensors.index.json";
        sharded.put(index, Samples.json(Map.of("metadata", Map.of("total_size", 1), "weight_map", places)));
        return List.of(
                sample("f32", Map.of(), f32),
                sample("bf16", Map.of(), bf16),
                new FuzzSample(
                        "sharded",
                        Samples.files(sharded),
                        List.of(index, "model-00001-of-00002.safetensors"),
                        Samples::load));
    }

    static List<FuzzSample> gptq() {
        List<FuzzSample> samples = new ArrayList<>();
        for (int bits : new int[] {2, 3, 4, 8}) {
            Map<String, Object> how = Map.of("quant_method", "gptq", "bits", bits, "group_size", GROUP, "sym", true);
            samples.add(sample("gptq with " + bits + " bits", how, tensors((name, outputs, inputs, to) -> {
                int groups = inputs / GROUP;
                to.add(words(name + ".qweight", inputs * bits / 32, outputs));
                to.add(words(name + ".qzeros", groups, outputs * bits / 32));
                to.add(new Tensor(
                        name + ".scales", "F16", List.of(groups, outputs), Samples.halves(groups * outputs, SCALE)));
                int[] group = new int[inputs];
                Arrays.setAll(group, input -> input / GROUP);
                to.add(new Tensor(name + ".g_idx", "I32", List.of(inputs), Samples.ints(group)));
            })));
        }
        return samples;
    }

    static List<FuzzSample> awq() {
        Map<String, Object> how = Map.of("quant_method", "awq", "bits", 4, "group_size", GROUP, "version", "gemm");
        return List.of(sample("awq", how, tensors((name, outputs, inputs, to) -> {
            int groups = inputs / GROUP;
            to.add(words(name + ".qweight", inputs, outputs / 8));
            to.add(words(name + ".qzeros", groups, outputs / 8));
            to.add(new Tensor(
                    name + ".scales", "F16", List.of(groups, outputs), Samples.halves(groups * outputs, SCALE)));
        })));
    }

    static List<FuzzSample> fp8() {
        Map<String, Object> blocks = Map.of("quant_method", "fp8", "fmt", "e4m3", "weight_block_size", List.of(32, 32));
        return List.of(
                sample("fp8 with blocks", blocks, tensors((name, outputs, inputs, to) -> {
                    to.add(bytes(name + ".weight", "F8_E4M3", outputs, inputs));
                    int count = outputs / 32 * (inputs / 32);
                    to.add(new Tensor(
                            name + ".weight_scale_inv",
                            "F32",
                            List.of(outputs / 32, inputs / 32),
                            Samples.floats(count, SCALE)));
                })),
                sample("fp8", Map.of("quant_method", "fp8"), tensors((name, outputs, inputs, to) -> {
                    to.add(bytes(name + ".weight", "F8_E4M3", outputs, inputs));
                    to.add(new Tensor(name + ".weight_scale", "F32", List.of(1), Samples.floats(1, SCALE)));
                })));
    }

    static List<FuzzSample> compressedTensors() {
        return List.of(
                sample(
                        "pack-quantized",
                        compressed("pack-quantized", 4, "int"),
                        tensors((name, outputs, inputs, to) -> {
                            to.add(words(name + ".weight_packed", outputs, inputs / 8));
                            to.add(scales(name, outputs, inputs / GROUP));
                            to.add(new Tensor(
                                    name + ".weight_shape", "I32", List.of(2), Samples.ints(outputs, inputs)));
                        })),
                sample("int-quantized", compressed("int-quantized", 8, "int"), tensors((name, outputs, inputs, to) -> {
                    to.add(bytes(name + ".weight", "I8", outputs, inputs));
                    to.add(scales(name, outputs, inputs / GROUP));
                })),
                sample(
                        "float-quantized",
                        compressed("float-quantized", 8, "float"),
                        tensors((name, outputs, inputs, to) -> {
                            to.add(bytes(name + ".weight", "F8_E4M3", outputs, inputs));
                            to.add(scales(name, outputs, inputs / GROUP));
                        })));
    }

    static List<FuzzSample> mxfp4() {
        Map<String, Object> how = compressed("mxfp4-pack-quantized", 4, "float");
        return List.of(sample("mxfp4", how, tensors((name, outputs, inputs, to) -> {
            to.add(bytes(name + ".weight_packed", "U8", outputs, inputs / 2));
            byte[] exponents = new byte[outputs * (inputs / 32)];
            Arrays.fill(exponents, (byte) 120);
            to.add(new Tensor(name + ".weight_scale", "U8", List.of(outputs, inputs / 32), exponents));
        })));
    }

    static List<FuzzSample> bitsAndBytes() {
        Map<String, Object> how = Map.of("quant_method", "bitsandbytes", "load_in_4bit", true);
        return List.of(sample("bitsandbytes", how, tensors((name, outputs, inputs, to) -> {
            String weight = name + ".weight";
            int blocks = outputs * inputs / 64;
            List<Integer> shape = List.of(outputs, inputs);
            byte[] json = Samples.json(Map.of(
                    "blocksize",
                    64,
                    "dtype",
                    "bfloat16",
                    "shape",
                    shape,
                    "nested_blocksize",
                    256,
                    "nested_offset",
                    0.5));
            to.add(bytes(weight, "U8", outputs * inputs / 2, 1));
            to.add(new Tensor(weight + ".quant_map", "F32", List.of(16), Samples.floats(16, SCALE)));
            to.add(new Tensor(weight + ".quant_state.bitsandbytes__nf4", "U8", List.of(json.length), json));
            to.add(new Tensor(weight + ".absmax", "U8", List.of(blocks), Samples.smallNumbers(blocks)));
            to.add(new Tensor(weight + ".nested_quant_map", "F32", List.of(256), Samples.floats(256, SCALE)));
            int outer = Math.ceilDiv(blocks, 256);
            to.add(new Tensor(weight + ".nested_absmax", "F32", List.of(outer), Samples.floats(outer, SCALE)));
        })));
    }

    private static Map<String, Object> compressed(String format, int bits, String type) {
        Map<String, Object> weights =
                Map.of("num_bits", bits, "type", type, "strategy", "group", "group_size", GROUP, "symmetric", true);
        return Map.of(
                "quant_method",
                "compressed-tensors",
                "format",
                format,
                "config_groups",
                Map.of("group_0", Map.of("targets", List.of("Linear"), "weights", weights)),
                "ignore",
                List.of("lm_head"));
    }

    private static Tensor words(String name, int rows, int columns) {
        return new Tensor(name, "I32", List.of(rows, columns), Samples.smallNumbers(4L * rows * columns));
    }

    private static Tensor bytes(String name, String type, int rows, int columns) {
        return new Tensor(name, type, List.of(rows, columns), Samples.smallNumbers((long) rows * columns));
    }

    private static Tensor scales(String name, int outputs, int groups) {
        return new Tensor(
                name + ".weight_scale", "F16", List.of(outputs, groups), Samples.halves(outputs * groups, SCALE));
    }

    /** The tensors of the model. */
    private static List<Tensor> tensors(Matrix format) {
        List<Tensor> tensors = new ArrayList<>();
        tensors.add(new Tensor(
                "model.embed_tokens.weight",
                "F16",
                List.of(Samples.VOCAB, Samples.HIDDEN),
                Samples.halves(Samples.VOCAB * Samples.HIDDEN, SCALE)));
        for (String norm : List.of(LAYER + "input_layernorm", LAYER + "post_attention_layernorm", "model.norm")) {
            tensors.add(
                    new Tensor(norm + ".weight", "F32", List.of(Samples.HIDDEN), Samples.floats(Samples.HIDDEN, 1)));
        }
        Samples.MATRICES.forEach((name, sizes) -> format.add(LAYER + name, sizes[0], sizes[1], tensors));
        return tensors;
    }

    private static FuzzSample sample(String name, Map<String, Object> quantization, List<Tensor> tensors) {
        Map<String, byte[]> files = new TreeMap<>(common(quantization));
        files.put(FILE, file(tensors));
        return new FuzzSample(name, Samples.files(files), List.of(FILE), Samples::load);
    }

    private static Map<String, byte[]> common(Map<String, Object> quantization) {
        Map<String, Object> config = Samples.config();
        if (!quantization.isEmpty()) {
            config.put("quantization_config", quantization);
        }
        return Map.of(
                "config.json",
                Samples.json(config),
                "generation_config.json",
                Samples.json(
                        Map.of("eos_token_id", List.of(1, 2), "temperature", 0.7, "top_k", 20, "do_sample", true)));
    }

    private static byte[] file(List<Tensor> tensors) {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("__metadata__", Map.of("format", "pt"));
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (Tensor tensor : tensors) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", tensor.type());
            entry.put("shape", tensor.shape());
            entry.put("data_offsets", List.of(data.size(), data.size() + tensor.data().length));
            header.put(tensor.name(), entry);
            data.writeBytes(tensor.data());
        }
        byte[] json = Samples.json(header);
        ByteBuffer file =
                ByteBuffer.allocate(Long.BYTES + json.length + data.size()).order(ByteOrder.LITTLE_ENDIAN);
        return file.putLong(json.length).put(json).put(data.toByteArray()).array();
    }
}
