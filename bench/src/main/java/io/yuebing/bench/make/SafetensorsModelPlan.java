package io.yuebing.bench.make;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** The safetensors file of a made model, under the names that the published models use. */
final class SafetensorsModelPlan {
    static final int GROUP = 128;
    private static final int CODES_PER_INT = 8;

    /** Symmetric: all zero points are 8, of which this layout stores one less. */
    private static final int ZEROS = 0x7777_7777;

    private static final short ONE_BF16 = 0x3F80;

    private final Geometry g;
    private final boolean quantised;
    private final List<PlannedTensor> tensors = new ArrayList<>();

    private SafetensorsModelPlan(Geometry geometry, boolean quantised) {
        g = geometry;
        this.quantised = quantised;
    }

    /** The tensors, with bfloat16 or, if {@code quantised}, GPTQ matrices. */
    static List<PlannedTensor> of(Geometry geometry, boolean quantised) {
        SafetensorsModelPlan plan = new SafetensorsModelPlan(geometry, quantised);
        plan.plan();
        return plan.tensors;
    }

    /** The file's beginning: the length of the JSON, and the JSON. */
    static byte[] header(List<PlannedTensor> tensors) {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("__metadata__", Map.of("format", "pt"));
        long offset = 0;
        for (PlannedTensor tensor : tensors) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", tensor.type());
            entry.put("shape", tensor.shape());
            entry.put("data_offsets", List.of(offset, offset + tensor.bytes()));
            entries.put(tensor.name(), entry);
            offset += tensor.bytes();
        }
        byte[] json = JsonMapper.shared().writeValueAsString(entries).getBytes(StandardCharsets.UTF_8);
        int padded = Math.ceilDiv(json.length, Long.BYTES) * Long.BYTES;
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(padded).put(json);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.array();
    }

    private void plan() {
        floats("model.embed_tokens.weight", g.vocabSize(), g.hiddenSize());
        for (int layer = 0; layer < g.layers(); layer++) {
            String prefix = "model.layers." + layer + ".";
            ones(prefix + "input_layernorm.weight", g.hiddenSize());
            projection(prefix + "self_attn.q_proj", g.queryWidth());
            projection(prefix + "self_attn.k_proj", g.kvWidth());
            projection(prefix + "self_attn.v_proj", g.kvWidth());
            matrix(prefix + "self_attn.o_proj", g.hiddenSize(), g.queryWidth());
            ones(prefix + "post_attention_layernorm.weight", g.hiddenSize());
            matrix(prefix + "mlp.gate_proj", g.intermediateSize(), g.hiddenSize());
            matrix(prefix + "mlp.up_proj", g.intermediateSize(), g.hiddenSize());
            matrix(prefix + "mlp.down_proj", g.hiddenSize(), g.intermediateSize());
        }
        ones("model.norm.weight", g.hiddenSize());
        if (!g.tied()) {
            floats("lm_head.weight", g.vocabSize(), g.hiddenSize());
        }
    }

    private void projection(String name, int outputs) {
        matrix(name, outputs, g.hiddenSize());
        add(name + ".bias", floatType(), uniform(ModelMaker.BIAS), Short.BYTES, outputs);
    }

    private void matrix(String name, int outputs, int inputs) {
        if (!quantised) {
            floats(name + ".weight", outputs, inputs);
            return;
        }
        int groups = inputs / GROUP;
        short scale = Float.floatToFloat16(ModelMaker.largest(inputs) / 8);
        add(name + ".qweight", "I32", Fill.bits(), Integer.BYTES, inputs / CODES_PER_INT, outputs);
        add(name + ".qzeros", "I32", Fill.ints(ZEROS), Integer.BYTES, groups, outputs / CODES_PER_INT);
        add(name + ".scales", "F16", Fill.halves(scale), Short.BYTES, groups, outputs);
        add(name + ".g_idx", "I32", Fill.countingUp(GROUP), Integer.BYTES, inputs);
    }

    private void floats(String name, int rows, int columns) {
        add(name, floatType(), uniform(ModelMaker.largest(columns)), Short.BYTES, rows, columns);
    }

    private void ones(String name, int size) {
        short one = quantised ? Float.floatToFloat16(1) : ONE_BF16;
        add(name, floatType(), Fill.halves(one), Short.BYTES, size);
    }

    private String floatType() {
        return quantised ? "F16" : "BF16";
    }

    private Fill uniform(float most) {
        return quantised ? Fill.uniformF16(most) : Fill.uniformBf16(most);
    }

    private void add(String name, String type, Fill fill, long elementBytes, Integer... shape) {
        long bytes = elementBytes;
        for (int size : shape) {
            bytes *= size;
        }
        tensors.add(new PlannedTensor(name, type, List.of(shape), bytes, fill));
    }
}
