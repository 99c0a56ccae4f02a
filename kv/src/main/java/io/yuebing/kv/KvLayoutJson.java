package io.yuebing.kv;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A {@link KvLayout} as JSON with every field spelled out, integers exact.
 *
 * <pre>
 * {"name": "native",
 *  "axes": ["layer", "block", "kv", "head", "token", "channel"],   // outermost first
 *  "sizes": [...], "strides": [...],                               // indices; bytes
 *  "offset": 0, "separate": 0,                                     // bytes; number of axes
 *  "dtype": "bf16", "holding": "split_axis",
 *  "scales": {"dtype": "f32", "offset": 0, "axes": [...], "strides": [...]},   // only if there are scales
 *  "heads": {"from": 0, "to": 2}, "layers": {"from": 0, "to": 24},             // "to" is exclusive
 *  "fingerprint": "..."}
 * </pre>
 */
public final class KvLayoutJson {
    private static final Map<String, ElementType> TORCH_NAMES = Map.of(
            "float32", ElementType.F32,
            "float16", ElementType.F16,
            "bfloat16", ElementType.BF16,
            "float8_e4m3fn", ElementType.FP8_E4M3,
            "float8_e5m2", ElementType.FP8_E5M2);

    private KvLayoutJson() {}

    /** Writes every field. */
    public static ObjectNode write(KvLayout layout) {
        ObjectNode out = JsonMapper.shared().createObjectNode().put("name", layout.name());
        writeAxes(out, layout.axes());
        ArrayNode sizes = out.putArray("sizes");
        layout.sizes().forEach(size -> sizes.add(size.intValue()));
        writeStrides(out, layout.strides());
        out.put("offset", layout.offset()).put("separate", layout.separate());
        out.put("dtype", layout.elementType().wireName()).put("holding", wireName(layout.holding()));
        KvScales scales = layout.scales();
        if (scales != null) {
            ObjectNode inner = out.putObject("scales")
                    .put("dtype", scales.type().wireName())
                    .put("offset", scales.offset());
            writeAxes(inner, scales.axes());
            writeStrides(inner, scales.strides());
        }
        writeRange(out.putObject("heads"), layout.heads());
        writeRange(out.putObject("layers"), layout.layers());
        return out.put("fingerprint", layout.fingerprint());
    }

    private static void writeAxes(ObjectNode out, List<KvAxis> axes) {
        ArrayNode names = out.putArray("axes");
        axes.forEach(axis -> names.add(wireName(axis)));
    }

    private static void writeStrides(ObjectNode out, List<Long> strides) {
        ArrayNode array = out.putArray("strides");
        strides.forEach(stride -> array.add(stride.longValue()));
    }

    private static void writeRange(ObjectNode out, Range range) {
        out.put("from", range.from()).put("to", range.to());
    }

    /** The spelling of axes and holdings. */
    static String wireName(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads {@link #write}; fields that it does not write are ignored.
     *
     * @throws IllegalArgumentException that names the field
     */
    public static KvLayout read(JsonNode json) {
        return read(new JsonFields("KV layout", json));
    }

    static KvLayout read(JsonFields in) {
        List<KvAxis> axes = axes(in, "axes");
        List<Integer> sizes = in.list("sizes", value -> in.count("sizes", value));
        return new KvLayout(
                in.text("name"),
                axes,
                sizes,
                in.list("strides", value -> in.integer("strides", value)),
                in.optional("offset").map(value -> in.integer("offset", value)).orElse(0L),
                in.optional("separate")
                        .map(value -> (int) in.integer("separate", value))
                        .orElse(0),
                type(in, "dtype"),
                in.has("scales") ? scales(in.object("scales")) : null,
                in.constant("holding", KvHolding.values(), in.field("holding")),
                in.has("heads") ? in.range("heads") : Range.of(along(KvAxis.HEAD, axes, sizes)),
                in.has("layers") ? in.range("layers") : Range.of(along(KvAxis.LAYER, axes, sizes)),
                in.optional("fingerprint")
                        .map(value -> in.text("fingerprint", value))
                        .orElse(""));
    }

    private static int along(KvAxis axis, List<KvAxis> axes, List<Integer> sizes) {
        int i = axes.indexOf(axis);
        return i < 0 || i >= sizes.size() ? 1 : sizes.get(i);
    }

    /** Scales whose place is spelled out. */
    private static KvScales scales(JsonFields in) {
        KvScales scales = new KvScales(
                type(in, "dtype"),
                in.integer("offset"),
                axes(in, "axes"),
                in.list("strides", value -> in.integer("strides", value)));
        in.nothingElse();
        return scales;
    }

    static List<KvAxis> axes(JsonFields in, String name) {
        return in.list(name, value -> in.constant(name, KvAxis.values(), value));
    }

    static ElementType type(JsonFields in, String name) {
        String text = in.text(name);
        ElementType torch = TORCH_NAMES.get(text);
        if (torch != null) {
            return torch;
        }
        List<String> known = new ArrayList<>();
        for (ElementType type : ElementType.values()) {
            if (type.wireName().equals(text)) {
                return type;
            }
            known.add(type.wireName());
        }
        throw in.unknown(name, text, known);
    }
}
