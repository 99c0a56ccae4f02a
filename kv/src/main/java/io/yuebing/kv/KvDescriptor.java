package io.yuebing.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a person says about the raw files of a KV cache: the JSON of docs/KV_LAYOUTS.md.
 *
 * <p>Either a known layout by its name with the sizes, or a layout with axes, sizes and strides. A cache that is sharded
 * over tensor-parallel ranks has a layout and files for each rank.
 *
 * @param ranks one layout for each rank
 * @param filePerTensor whether each tensor of a rank has its own file
 * @param bytes of each file, if it was said
 */
public record KvDescriptor(List<KvLayout> ranks, boolean filePerTensor, OptionalLong bytes) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final String WHAT = "KV layout";
    private static final Map<String, String> BACKEND_NAMES =
            Map.of("flash_attn", "flash_attention", "flash_attn_hnd", "flash_attention_hnd");
    private static final String DIMENSIONS = "LBHNC";
    private static final List<KvAxis> DIMENSION_AXES =
            List.of(KvAxis.LAYER, KvAxis.BLOCK, KvAxis.HEAD, KvAxis.TOKEN, KvAxis.CHANNEL);

    public KvDescriptor {
        ranks = List.copyOf(ranks);
    }

    /**
     * Reads a descriptor.
     *
     * @throws IllegalArgumentException with a sentence that names the field
     */
    public static KvDescriptor parse(String json) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("a " + WHAT + " that is no JSON: " + e.getOriginalMessage(), e);
        }
        JsonFields in = new JsonFields(WHAT, root);
        return in.has("axes") ? spelledOut(in) : known(in);
    }

    /** Files of each rank. */
    public int filesPerRank() {
        return filePerTensor ? ranks.getFirst().tensors() : 1;
    }

    /** Files of all ranks, rank by rank. */
    public int files() {
        return ranks.size() * filesPerRank();
    }

    /** Bytes that a file of this rank has, with the padding that may follow its last element. */
    public long fileBytes(int rank) {
        return bytes.orElseGet(() -> tensorsPerFile(rank) * ranks.get(rank).paddedByteSize());
    }

    /** Bytes that a file of this rank has at least. */
    public long leastFileBytes(int rank) {
        KvLayout layout = ranks.get(rank);
        return bytes.orElseGet(() -> (tensorsPerFile(rank) - 1) * layout.paddedByteSize() + layout.byteSize());
    }

    private long tensorsPerFile(int rank) {
        return filePerTensor ? 1 : ranks.get(rank).tensors();
    }

    private static KvDescriptor spelledOut(JsonFields in) {
        KvLayout layout = KvLayoutJson.read(in);
        return finish(in, List.of(layout), in.optional("files").isPresent() && filePerTensor(in));
    }

    private static KvDescriptor known(JsonFields in) {
        String name = in.text("layout");
        KnownLayout known = KnownLayout.find(BACKEND_NAMES.getOrDefault(name, name))
                .orElseThrow(() -> in.unknown(
                        "layout",
                        name,
                        Arrays.stream(KnownLayout.values())
                                .map(KnownLayout::wireName)
                                .toList()));
        boolean separate = known == KnownLayout.LAYER_PAIRS && filePerTensor(in);
        KnownLayout.Options options = new KnownLayout.Options(
                known == KnownLayout.STRIDED ? order(in) : List.of(),
                strides(in),
                in.optional("offset").map(value -> in.integer("offset", value)).orElse(0L),
                known == KnownLayout.PAGED_ATTENTION ? in.count("x", 0) : 0,
                separate);
        String fingerprint = in.optional("fingerprint")
                .map(value -> in.text("fingerprint", value))
                .orElse("");
        List<KvLayout> ranks = new ArrayList<>();
        for (KvShape shape : shapes(in, known)) {
            KvLayout layout = known.layout(shape, options).withFingerprint(fingerprint);
            ranks.add(in.has("scales") ? layout.withScales(scales(in.object("scales"), layout)) : layout);
        }
        return finish(in, ranks, separate);
    }

    private static KvDescriptor finish(JsonFields in, List<KvLayout> ranks, boolean filePerTensor) {
        Optional<JsonNode> said = in.optional("bytes");
        OptionalLong bytes =
                said.isPresent() ? OptionalLong.of(in.integer("bytes", said.orElseThrow())) : OptionalLong.empty();
        in.nothingElse();
        KvDescriptor descriptor = new KvDescriptor(ranks, filePerTensor, OptionalLong.empty());
        for (int rank = 0; rank < ranks.size(); rank++) {
            long least = descriptor.leastFileBytes(rank);
            if (bytes.isPresent() && bytes.getAsLong() < least) {
                throw in.mistyped("bytes", "at least the " + least + " that the elements span", said.orElseThrow());
            }
        }
        return new KvDescriptor(ranks, filePerTensor, bytes);
    }

    private static boolean filePerTensor(JsonFields in) {
        Optional<JsonNode> files = in.optional("files");
        if (files.isEmpty()) {
            return false;
        }
        String text = in.text("files", files.orElseThrow());
        return switch (text) {
            case "one" -> false;
            case "per_tensor" -> true;
            default -> throw in.unknown("files", text, List.of("one", "per_tensor"));
        };
    }

    /** The shape on each rank: rank r of tp holds a contiguous range of the heads, or a replicated one. */
    private static List<KvShape> shapes(JsonFields in, KnownLayout known) {
        ElementType type = KvLayoutJson.type(in, "dtype");
        int blocks = in.count("num_blocks");
        int blockSize = in.count("block_size");
        Range layers = layers(in);
        int headSize = known == KnownLayout.MLA && in.has("kv_lora_rank")
                ? Math.addExact(in.count("kv_lora_rank"), in.count("rope_dim"))
                : in.count("head_size");
        int heads = known == KnownLayout.MLA ? in.count("kv_heads", 1) : 0;
        if (heads > 1) {
            throw in.mistyped("kv_heads", "1, since latent rows have one head,", in.field("kv_heads"));
        }
        if (known != KnownLayout.MLA && in.has("heads")) {
            Range range = in.range("heads");
            return List.of(new KvShape(layers, blocks, blockSize, range, headSize, type));
        }
        int total = heads == 1 ? 1 : in.count("kv_heads");
        int tp = in.count("tp", 1);
        if (total % tp != 0 && tp % total != 0) {
            throw in.mistyped("tp", "a divisor or a multiple of kv_heads = " + total, in.field("tp"));
        }
        List<KvShape> shapes = new ArrayList<>();
        for (int rank : ranks(in, tp)) {
            shapes.add(new KvShape(layers, blocks, blockSize, headsOf(rank, tp, total), headSize, type));
        }
        return shapes;
    }

    private static int[] ranks(JsonFields in, int tp) {
        Optional<JsonNode> rank = in.optional("rank");
        if (rank.isEmpty()) {
            int[] all = new int[tp];
            Arrays.setAll(all, i -> i);
            return all;
        }
        long one = in.integer("rank", rank.orElseThrow());
        if (one < 0 || one >= tp) {
            throw in.mistyped("rank", "from 0 to tp - 1 = " + (tp - 1), rank.orElseThrow());
        }
        return new int[] {(int) one};
    }

    /** The heads of a tensor-parallel rank, as vLLM shards them. */
    static Range headsOf(int rank, int tp, int total) {
        if (tp >= total) {
            int head = rank / (tp / total);
            return new Range(head, head + 1);
        }
        int each = total / tp;
        return new Range(rank * each, (rank + 1) * each);
    }

    private static Range layers(JsonFields in) {
        if (!in.has("layers")) {
            return Range.of(in.count("num_layers", 1));
        }
        Range layers = in.range("layers");
        if (in.has("num_layers") && in.count("num_layers") != layers.size()) {
            throw in.mistyped("num_layers", "the " + layers.size() + " of layers " + layers, in.field("num_layers"));
        }
        return layers;
    }

    private static Map<KvAxis, Long> strides(JsonFields in) {
        Map<KvAxis, Long> strides = new EnumMap<>(KvAxis.class);
        if (in.has("strides")) {
            JsonFields each = in.object("strides");
            for (KvAxis axis : KvAxis.values()) {
                String name = KvLayoutJson.wireName(axis);
                each.optional(name).ifPresent(value -> strides.put(axis, each.integer(name, value)));
            }
            each.nothingElse();
        }
        return strides;
    }

    /** {@code LBNHC}: the dimensions from the outermost to the innermost, as vLLM writes them. */
    private static List<KvAxis> order(JsonFields in) {
        Optional<JsonNode> value = in.optional("order");
        if (value.isEmpty()) {
            return List.of();
        }
        String order = in.text("order", value.orElseThrow());
        if (order.length() != DIMENSIONS.length()
                || order.chars().distinct().count() != order.length()
                || !order.chars().allMatch(c -> DIMENSIONS.indexOf(c) >= 0)) {
            throw in.mistyped(
                    "order", "the letters " + DIMENSIONS + " in some order, such as LBNHC,", value.orElseThrow());
        }
        return order.chars()
                .mapToObj(c -> DIMENSION_AXES.get(DIMENSIONS.indexOf(c)))
                .toList();
    }

    /** Scales after the elements, dense, in the order in which their axes are named; or where they are said to be. */
    private static KvScales scales(JsonFields in, KvLayout layout) {
        ElementType type = KvLayoutJson.type(in, "dtype");
        List<KvAxis> axes = KvLayoutJson.axes(in, "per");
        long offset = in.optional("offset")
                .map(value -> in.integer("offset", value))
                .orElseGet(() -> Math.ceilDiv(layout.paddedByteSize(), 4) * 4);
        in.nothingElse();
        Long[] strides = new Long[axes.size()];
        long stride = type.bytes();
        for (int i = axes.size() - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= layout.rowsAlong(axes.get(i));
        }
        return new KvScales(type, offset, axes, Stream.of(strides).toList());
    }

    /** A short description: {@code paged_attention bf16}. */
    public String summary() {
        KvLayout first = ranks.getFirst();
        return first.name() + " " + first.elementType().wireName()
                + (ranks.size() == 1 ? "" : ", " + ranks.size() + " ranks");
    }
}
