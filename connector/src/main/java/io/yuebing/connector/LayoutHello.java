package io.yuebing.connector;

import io.yuebing.kv.KvCache;
import io.yuebing.kv.KvDifference;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.KvLayoutJson;
import io.yuebing.kv.KvTransferType;
import io.yuebing.kv.LayerGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a node introduces its KV cache to another: its name with the layout of every element.
 *
 * <p>As JSON {@code {"node": "decode node 10.0.0.2:8200", "engine_id": "...", "kv_layout": {...}, "further_hosts":
 * ["10.1.0.2"]}}, the layout as {@link KvLayoutJson} writes it; engine id and further hosts may be left out. Where layers
 * attend to different positions, {@code "layer_groups": [{"window": 512, "layers": [0, 1]}, {"window": 0, "layers": [2, 3]}]}
 * says which of them share blocks. {@code "transfer_dtype": "int8"} says that blocks travel as codes. Unknown fields are ignored; a missing or mistyped one is refused by name.
 *
 * @param node name for people
 * @param engineId unique per process start; empty if the node keeps nothing for others
 * @param layout of the node's KV cache
 * @param groups layers of the model that share blocks
 * @param furtherHosts under which its transfer port is reached, too: one for each further network card
 * @param transferType what the elements of blocks are on their way
 */
public record LayoutHello(
        String node,
        Optional<String> engineId,
        KvLayout layout,
        List<LayerGroup> groups,
        List<String> furtherHosts,
        KvTransferType transferType) {
    /** A peer must not make us call half the network. */
    private static final int MOST_HOSTS = 16;

    private static final JsonMapper JSON = JsonMapper.shared();

    public LayoutHello {
        groups = List.copyOf(groups);
        furtherHosts = List.copyOf(furtherHosts);
    }

    /** The hello of a node that keeps nothing for others and is reached at one address. */
    public LayoutHello(String node, KvCache cache) {
        this(node, Optional.empty(), cache.layout(), cache.groups(), List.of(), KvTransferType.AUTO);
    }

    /** The hello of a node whose blocks travel so. */
    LayoutHello withTransferType(KvTransferType type) {
        return new LayoutHello(node, engineId, layout, groups, furtherHosts, type);
    }

    /** UTF-8 JSON. */
    public byte[] toJson() {
        ObjectNode hello = JSON.createObjectNode().put("node", node);
        engineId.ifPresent(id -> hello.put("engine_id", id));
        hello.set("kv_layout", KvLayoutJson.write(layout));
        if (!groups.equals(groupsUnlessSaid(layout))) {
            ArrayNode array = hello.putArray("layer_groups");
            for (LayerGroup group : groups) {
                group.layers()
                        .forEach(array.addObject().put("window", group.window()).putArray("layers")::add);
            }
        }
        if (!furtherHosts.isEmpty()) {
            furtherHosts.forEach(hello.putArray("further_hosts")::add);
        }
        if (transferType != KvTransferType.AUTO) {
            hello.put("transfer_dtype", transferType.wireName());
        }
        return JSON.writeValueAsBytes(hello);
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
        JsonNode node = field(hello, "node");
        if (!node.isString()) {
            throw new IllegalArgumentException("a KV layout hello whose field 'node' should be a text and is " + node);
        }
        Optional<String> engineId = Optional.ofNullable(hello.get("engine_id"))
                .filter(JsonNode::isString)
                .map(JsonNode::stringValue);
        KvLayout layout = KvLayoutJson.read(field(hello, "kv_layout"));
        return new LayoutHello(
                node.stringValue(),
                engineId,
                layout,
                hello.has("layer_groups") ? groups(hello.path("layer_groups")) : groupsUnlessSaid(layout),
                hosts(hello.path("further_hosts")),
                KvTransferType.parse(hello.path("transfer_dtype").asString(KvTransferType.AUTO.wireName())));
    }

    private static List<LayerGroup> groupsUnlessSaid(KvLayout layout) {
        return LayerGroup.all(layout.layers().size());
    }

    private static List<LayerGroup> groups(JsonNode array) {
        List<LayerGroup> groups = new ArrayList<>();
        for (JsonNode group : array) {
            List<Integer> layers = new ArrayList<>();
            for (JsonNode layer : group.path("layers")) {
                layers.add(number(layer));
            }
            groups.add(new LayerGroup(number(group.path("window")), layers));
        }
        return groups;
    }

    private static int number(JsonNode node) {
        if (!node.isInt() || node.intValue() < 0) {
            throw new IllegalArgumentException(
                    "a KV layout hello whose field 'layer_groups' should hold windows and layers and holds " + node);
        }
        return node.intValue();
    }

    private static List<String> hosts(JsonNode array) {
        List<String> hosts = new ArrayList<>();
        for (JsonNode host : array) {
            if (!host.isString() || host.stringValue().isBlank() || hosts.size() == MOST_HOSTS) {
                throw new IllegalArgumentException(
                        "a KV layout hello whose field 'further_hosts' should be a list of at most " + MOST_HOSTS
                                + " hosts");
            }
            hosts.add(host.stringValue());
        }
        return hosts;
    }

    /**
     * Why KV blocks of {@code prefill} cannot be written into the cache of {@code decode}: one sentence that names both,
     * the field and what to do. Elements may become wider, since that keeps every value.
     */
    public static Optional<String> mismatch(LayoutHello prefill, LayoutHello decode) {
        KvLayout widened = prefill.layout.widened(decode.layout.elementType());
        return widened.mismatchBesideBlockSize(decode.layout)
                .or(() -> KvDifference.of("layer groups", prefill.groups, decode.groups))
                .or(() -> decode.convertsBlockSizes()
                        ? Optional.empty()
                        : KvDifference.of("block size", prefill.layout.blockSize(), decode.layout.blockSize()))
                .or(() -> KvDifference.of(
                        "element type on the way",
                        travelling(prefill.transferType, widened),
                        travelling(decode.transferType, decode.layout)))
                .map(difference -> "KV layouts differ between " + prefill.node + " and " + decode.node + ": "
                        + difference + "; " + remedy(difference));
    }

    private static String travelling(KvTransferType type, KvLayout cache) {
        return type.travelling(cache).elementType().wireName();
    }

    /** Whether the list of a prompt's blocks has one for each of its positions, so that blocks can be cut anew. */
    private boolean convertsBlockSizes() {
        return groups.size() == 1 && groups.getFirst().window() == 0;
    }

    private static String remedy(KvDifference difference) {
        return switch (difference.field()) {
            case "model fingerprint" -> "start both with the same --model";
            case "element type" ->
                "start both with the same --kv-dtype, or the decode node with f32, to which f16 and bf16 widen exactly";
            case "element type on the way" -> "start both with the same --kv-transfer-dtype";
            default -> "start both with the same model and release";
        };
    }

    private static JsonNode field(JsonNode parent, String name) {
        JsonNode value = parent.get(name);
        if (value == null) {
            throw new IllegalArgumentException("a KV layout hello without the field '" + name + "'");
        }
        return value;
    }
}
