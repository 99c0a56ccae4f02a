package io.yuebing.connector;

import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvAxis;
import io.yuebing.kv.KvHolding;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a node introduces its KV cache to another: its name with the layout of every element.
 *
 * <p>As JSON, integers exact:
 * <pre>
 * {"node": "decode node 10.0.0.2:8200",
 *  "kv_layout": {"name": "native",
 *                "axes": ["layer", "block", "kv", "head", "token", "channel"],   // outermost first
 *                "sizes": [...], "strides": [...],                               // indices; bytes
 *                "element_type": "bf16", "holding": "split_axis",
 *                "heads": {"from": 0, "to": 2}, "layers": {"from": 0, "to": 24}, // "to" is exclusive
 *                "fingerprint": "..."}}
 * </pre>
 * An element type with scales ({@code int8}) has them behind the channels of each token and head, so its token stride is larger
 * than its channels. Unknown fields are ignored; a missing or mistyped one is refused by name.
 *
 * @param node name for people
 * @param layout of the node's KV cache
 */
public record LayoutHello(String node, KvLayout layout) {
    private static final JsonMapper JSON = JsonMapper.shared();

    /** UTF-8 JSON. */
    public byte[] toJson() {
        ObjectNode hello = JSON.createObjectNode().put("node", node);
        ObjectNode out = hello.putObject("kv_layout").put("name", layout.name());
        ArrayNode axes = out.putArray("axes");
        layout.axes().forEach(axis -> axes.add(wireName(axis)));
        ArrayNode sizes = out.putArray("sizes");
        layout.sizes().forEach(size -> sizes.add(size.intValue()));
        ArrayNode strides = out.putArray("strides");
        layout.strides().forEach(stride -> strides.add(stride.longValue()));
        out.put("element_type", layout.elementType().wireName());
        out.put("holding", wireName(layout.holding()));
        putRange(out.putObject("heads"), layout.heads());
        putRange(out.putObject("layers"), layout.layers());
        out.put("fingerprint", layout.fingerprint());
        return JSON.writeValueAsBytes(hello);
    }

    private static void putRange(ObjectNode out, Range range) {
        out.put("from", range.from()).put("to", range.to());
    }

    /**
     * Reads {@link #toJson()}.
     *
     * @throws IllegalArgumentException that names the field
     */
    public static LayoutHello parse(byte[] json) {
        JsonNode hello;
        try {
            hello = JSON.readTree(json);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("a KV layout hello that is no JSON: " + e.getOriginalMessage(), e);
        }
        String node = text(hello, "node");
        JsonNode layout = field(hello, "kv_layout");
        return new LayoutHello(
                node,
                new KvLayout(
                        text(layout, "name"),
                        list(layout, "axes", LayoutHello::axis),
                        list(layout, "sizes", value -> Math.toIntExact(integer("sizes", value))),
                        list(layout, "strides", value -> integer("strides", value)),
                        ElementType.parse(text(layout, "element_type")),
                        constant(KvHolding.values(), "holding", text(layout, "holding")),
                        range(layout, "heads"),
                        range(layout, "layers"),
                        text(layout, "fingerprint")));
    }

    /**
     * Why KV blocks of {@code prefill} cannot be written into the cache of {@code decode}: one sentence that names both,
     * the field and what to do.
     */
    public static Optional<String> mismatch(LayoutHello prefill, LayoutHello decode) {
        return prefill.layout
                .mismatch(decode.layout)
                .map(difference -> "KV layouts differ between " + prefill.node + " and " + decode.node + ": "
                        + difference + "; " + remedy(difference));
    }

    private static String remedy(String difference) {
        if (difference.startsWith("model fingerprint")) {
            return "start both with the same --model";
        }
        if (difference.startsWith("element type")) {
            return "start both with the same --kv-dtype";
        }
        if (difference.startsWith("block size")) {
            return "start both with the same --block-size";
        }
        return "start both with the same model and release";
    }

    private static JsonNode field(JsonNode parent, String name) {
        JsonNode value = parent.get(name);
        if (value == null) {
            throw new IllegalArgumentException("a KV layout hello without the field '" + name + "'");
        }
        return value;
    }

    private static String text(JsonNode parent, String name) {
        JsonNode value = field(parent, name);
        if (!value.isString()) {
            throw mistyped(name, "a text", value);
        }
        return value.stringValue();
    }

    private static long integer(String name, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw mistyped(name, "an integer", value);
        }
        return value.longValue();
    }

    private static <T> List<T> list(JsonNode parent, String name, Function<JsonNode, T> element) {
        JsonNode value = field(parent, name);
        if (!value.isArray()) {
            throw mistyped(name, "a list", value);
        }
        List<T> list = new ArrayList<>();
        value.forEach(each -> list.add(element.apply(each)));
        return list;
    }

    private static Range range(JsonNode parent, String name) {
        JsonNode value = field(parent, name);
        return new Range(
                Math.toIntExact(integer(name + ".from", field(value, "from"))),
                Math.toIntExact(integer(name + ".to", field(value, "to"))));
    }

    private static KvAxis axis(JsonNode value) {
        return constant(KvAxis.values(), "axes", value.isString() ? value.stringValue() : value.toString());
    }

    private static <E extends Enum<E>> E constant(E[] constants, String field, String name) {
        for (E constant : constants) {
            if (wireName(constant).equals(name)) {
                return constant;
            }
        }
        throw new IllegalArgumentException("a KV layout hello whose field '" + field + "' holds the unknown '" + name
                + "'; run the same release on both nodes");
    }

    private static String wireName(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static IllegalArgumentException mistyped(String name, String expected, JsonNode found) {
        return new IllegalArgumentException(
                "a KV layout hello whose field '" + name + "' should be " + expected + " and is " + found);
    }
}
