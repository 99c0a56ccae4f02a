package io.yuebing.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Caches whose bytes other software has made: one logical cache in each layout, whole and sharded. */
class KvFixtureTest {
    private static final JsonNode MANIFEST = JsonMapper.shared().readTree(bytes("manifest.json"));

    /** One logical cache as one layout over some ranks: its descriptor and its files. */
    private record Variant(String name, KvDescriptor descriptor, List<byte[]> files) {
        List<KvTensors> tensors(List<byte[]> memory) {
            return IntStream.range(0, memory.size())
                    .mapToObj(rank ->
                            KvTensors.inOne(descriptor.ranks().get(rank), MemorySegment.ofArray(memory.get(rank))))
                    .toList();
        }

        List<byte[]> blank() {
            return files.stream().map(file -> new byte[file.length]).toList();
        }
    }

    @Test
    void everyLayoutAndShardingBecomesEveryOtherByteForByte() {
        int compared = 0;
        for (String name : List.of("gqa4", "gqa2")) {
            for (String dtype : List.of("f32", "bf16")) {
                List<Variant> variants = variants(caseOf(name), dtype);
                for (Variant from : variants) {
                    for (Variant to : variants) {
                        assertConverts(from, to);
                        compared++;
                    }
                }
            }
        }
        assertThat(compared).isEqualTo(2 * 2 * 15 * 15);
    }

    @Test
    void bf16WidensToTheSameNumbersAsF32() {
        List<Variant> narrow = variants(caseOf("gqa4"), "bf16");
        List<Variant> wide = variants(caseOf("gqa4"), "f32");
        for (Variant from : narrow) {
            for (Variant to : wide) {
                assertConverts(from, to);
            }
        }
        Variant latent = latent("bf16");
        assertConverts(latent, latent);
        assertConverts(latent, latent("f32"));
    }

    @Test
    void theBlocksOfASequenceHoldItsLogicalKeysAndValues() {
        for (String name : List.of("gqa4", "gqa2")) {
            JsonNode fixture = caseOf(name);
            for (int i = 0; i < fixture.get("sequences").size(); i++) {
                JsonNode sequence = fixture.get("sequences").get(i);
                int tokens = sequence.get("tokens").intValue();
                int[] table = StreamSupport.stream(sequence.get("block_table").spliterator(), false)
                        .mapToInt(JsonNode::intValue)
                        .toArray();
                for (Variant whole : variants(fixture, "f32")) {
                    assertThat(logical(whole, table, tokens))
                            .as("%s sequence %d from %s", name, i, whole.name())
                            .isEqualTo(join(
                                    bytes(name + "/logical_seq" + i + "_k.f32.bin"),
                                    bytes(name + "/logical_seq" + i + "_v.f32.bin")));
                }
            }
        }
    }

    /** The tokens of a sequence as {@code [key|value][token][head][channel]}: a cache with a single large block. */
    private static byte[] logical(Variant cache, int[] table, int tokens) {
        KvLayout first = cache.descriptor().ranks().getFirst();
        int heads = cache.descriptor().ranks().getLast().heads().to();
        KvLayout flat = KnownLayout.FLASH_ATTENTION.layout(
                new KvShape(Range.of(1), 1, tokens, Range.of(heads), first.headSize(), first.elementType()));
        byte[] out = new byte[Math.toIntExact(flat.byteSize())];
        KvShards.between(cache.descriptor().ranks(), List.of(flat), Rounding.REFUSED)
                .convert(
                        cache.tensors(cache.files()),
                        table,
                        List.of(KvTensors.inOne(flat, MemorySegment.ofArray(out))),
                        new int[] {0},
                        tokens,
                        _ -> {});
        return out;
    }

    private static void assertConverts(Variant from, Variant to) {
        KvLayout source = from.descriptor().ranks().getFirst();
        int[] all = IntStream.range(0, source.blocks()).toArray();
        List<byte[]> result = to.blank();
        KvShards shards =
                KvShards.between(from.descriptor().ranks(), to.descriptor().ranks(), Rounding.REFUSED);
        shards.convert(
                from.tensors(from.files()), all, to.tensors(result), all, all.length * source.blockSize(), _ -> {});
        assertThat(shards.uncovered()).isZero();
        for (int rank = 0; rank < result.size(); rank++) {
            assertThat(result.get(rank))
                    .as("%s to %s, rank %d", from.name(), to.name(), rank)
                    .isEqualTo(to.files().get(rank));
        }
    }

    private static Variant latent(String dtype) {
        JsonNode mla = caseOf("mla");
        String descriptor = """
                {"layout": "mla", "dtype": "%s", "num_blocks": %d, "block_size": %d, "kv_lora_rank": %d, "rope_dim": %d}""".formatted(
                        dtype,
                        mla.get("num_blocks").intValue(),
                        mla.get("block_size").intValue(),
                        mla.get("kv_lora_rank").intValue(),
                        mla.get("rope_dim").intValue());
        return new Variant("mla " + dtype, KvDescriptor.parse(descriptor), List.of(bytes("mla/mla." + dtype + ".bin")));
    }

    private static List<Variant> variants(JsonNode fixture, String dtype) {
        List<Variant> variants = new ArrayList<>();
        for (String layout :
                List.of("flash_attn", "flash_attn_hnd", "flashinfer_nhd", "flashinfer_hnd", "paged_attention")) {
            for (int tp : new int[] {1, 2, 4}) {
                String descriptor = """
                        {"layout": "%s", "dtype": "%s", "num_blocks": %d, "block_size": %d, "kv_heads": %d, "head_size": %d,
                         "tp": %d}""".formatted(
                                layout,
                                dtype,
                                fixture.get("num_blocks").intValue(),
                                fixture.get("block_size").intValue(),
                                fixture.get("kv_heads").intValue(),
                                fixture.get("head_size").intValue(),
                                tp);
                String files = fixture.get("name").stringValue() + "/" + layout + "." + dtype + ".tp" + tp + ".rank";
                variants.add(new Variant(
                        files,
                        KvDescriptor.parse(descriptor),
                        IntStream.range(0, tp)
                                .mapToObj(rank -> bytes(files + rank + ".bin"))
                                .toList()));
            }
        }
        return variants;
    }

    private static JsonNode caseOf(String name) {
        for (JsonNode each : MANIFEST.get("cases")) {
            if (each.get("name").stringValue().equals(name)) {
                return each;
            }
        }
        throw new IllegalArgumentException("no case " + name);
    }

    private static byte[] join(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private static byte[] bytes(String name) {
        try (InputStream in =
                Objects.requireNonNull(KvFixtureTest.class.getResourceAsStream("/kv_layout/" + name), name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
