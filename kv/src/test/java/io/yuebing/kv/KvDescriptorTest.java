package io.yuebing.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class KvDescriptorTest {
    private static final String PAGED = """
            {"layout": "paged_attention", "dtype": "bf16", "num_blocks": 5, "block_size": 16, "kv_heads": 4,
             "head_size": 16}""";

    @Test
    void aKnownLayoutIsSpelledOutWithItsStrides() {
        KvLayout layout = KvDescriptor.parse(PAGED).ranks().getFirst();
        assertThat(KvLayoutJson.write(layout).toString()).isEqualTo("""
                {"name":"paged_attention",\
                "axes":["layer","kv","block","head","channel","token","channel"],\
                "sizes":[1,2,5,4,2,16,8],"strides":[20480,10240,2048,512,256,16,2],\
                "offset":0,"separate":0,"dtype":"bf16","holding":"x_packed",\
                "heads":{"from":0,"to":4},"layers":{"from":0,"to":1},"fingerprint":""}""");
    }

    @Test
    void everyKnownLayoutComesBackFromItsSpelledOutForm() {
        for (KnownLayout known : KnownLayout.values()) {
            String json = PAGED.replace("paged_attention", known.wireName())
                    .replace("\"kv_heads\": 4", "\"kv_heads\": " + (known == KnownLayout.MLA ? 1 : 4));
            KvLayout layout = KvDescriptor.parse(json).ranks().getFirst();
            String spelledOut = JsonMapper.shared().writeValueAsString(KvLayoutJson.write(layout));
            assertThat(KvDescriptor.parse(spelledOut).ranks()).containsExactly(layout);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "4,1,0..3",
        "4,2,0..1 2..3",
        "2,4,0..0 0..0 1..1 1..1",
        "1,2,0..0 0..0",
        "8,8,0..0 1..1 2..2 3..3 4..4 5..5 6..6 7..7"
    })
    void ranksHoldContiguousOrReplicatedHeads(int heads, int tp, String expected) {
        assertThat(String.join(
                        " ",
                        IntStream.range(0, tp)
                                .mapToObj(rank ->
                                        KvDescriptor.headsOf(rank, tp, heads).toString())
                                .toList()))
                .isEqualTo(expected);
    }

    @Test
    void standardisedViewsAreOrderAndStrides() {
        KvLayout layout = KvDescriptor.parse("""
                        {"layout": "strided", "order": "BLHNC", "dtype": "f16", "num_layers": 3, "num_blocks": 7,
                         "block_size": 4, "kv_heads": 2, "head_size": 8, "offset": 64, "strides": {"layer": 1024}}""").ranks().getFirst();
        assertThat(layout.axes())
                .containsExactly(KvAxis.BLOCK, KvAxis.LAYER, KvAxis.HEAD, KvAxis.TOKEN, KvAxis.CHANNEL);
        assertThat(layout.strides()).containsExactly(3072L, 1024L, 128L, 32L, 2L);
        assertThat(layout.offset()).isEqualTo(64);
        assertThat(layout.byteSize()).isEqualTo(64 + 6 * 3072 + 2 * 1024 + 256);
        assertThat(layout.paddedByteSize()).isEqualTo(64 + 7 * 3072);
    }

    @Test
    void pairsOfTensorsMayHaveAFileEach() {
        KvDescriptor pairs = KvDescriptor.parse(PAGED.replace("paged_attention", "layer_pairs")
                .replace("\"dtype\"", "\"num_layers\": 3, \"files\": \"per_tensor\", \"dtype\""));
        assertThat(pairs.files()).isEqualTo(6);
        assertThat(pairs.fileBytes(0)).isEqualTo(5 * 16 * 4 * 16 * 2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"kv_heads\": 4 | \"kv_haeds\": 4 | a KV layout without the field 'kv_heads'",
                "\"kv_heads\": 4 | \"kv_heads\": 4, \"colour\": 1 | a KV layout with the unknown field 'colour'",
                "\"num_blocks\": 5 | \"num_blocks\": 0 | a KV layout whose field 'num_blocks' should be an integer from 1",
                "\"num_blocks\": 5 | \"num_blocks\": \"5\" | a KV layout whose field 'num_blocks' should be an integer",
                "\"num_blocks\": 5 | \"num_blocks\": 5000000000 | a KV layout whose field 'num_blocks' should be an integer",
                "\"head_size\": 16 | \"head_size\": 12 | head size 12 is not a multiple of x = 8",
                "bf16 | bf17 | a KV layout whose field 'dtype' holds the unknown 'bf17'; one of f32",
                "paged_attention | pagedattention | holds the unknown 'pagedattention'; one of native",
                "\"kv_heads\": 4 | \"kv_heads\": 4, \"tp\": 3 | 'tp' should be a divisor or a multiple of kv_heads = 4 and is 3",
                "\"kv_heads\": 4 | \"kv_heads\": 4, \"tp\": 2, \"rank\": 2 | 'rank' should be from 0 to tp - 1 = 1 and is 2",
                "\"kv_heads\": 4 | \"kv_heads\": 4, \"strides\": {\"token\": 32} | dense",
                "\"kv_heads\": 4 | \"kv_heads\": 4, \"strides\": {\"block\": 8} | would overlap",
                "\"kv_heads\": 4 | \"kv_heads\": 4, \"bytes\": 100 | 'bytes' should be at least the 20480 that the elements",
                "\"block_size\": 16 | \"block_size\": 2000000000 | overflow"
            })
    void aMistakeIsNamed(String right, String wrong, String message) {
        String json = PAGED.replace(right, wrong)
                .replace(
                        "\"num_blocks\": 5,",
                        wrong.contains("2000000000") ? "\"num_blocks\": 2000000000," : "\"num_blocks\": 5,");
        assertThatThrownBy(() -> KvDescriptor.parse(json))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aConversionThatCannotBeIsNamedWithBothSides() {
        KvLayout paged = KvDescriptor.parse(PAGED).ranks().getFirst();
        assertRefused(paged, PAGED.replace("\"head_size\": 16", "\"head_size\": 32"), "head size: 16 in A, 32 in B");
        assertRefused(
                paged,
                PAGED.replace("paged_attention", "mla").replace("\"kv_heads\": 4", "\"kv_heads\": 1"),
                "holding of keys and values: x_packed in A, latent in B");
        assertRefused(
                paged,
                PAGED.replace("\"kv_heads\": 4", "\"heads\": {\"from\": 4, \"to\": 6}"),
                "KV heads (none in common): 0..3 in A, 4..5 in B");
        assertRefused(
                paged,
                PAGED.replace("\"kv_heads\"", "\"layers\": {\"from\": 1, \"to\": 2}, \"kv_heads\""),
                "layers (none in common): 0..0 in A, 1..1 in B");
        assertRefused(paged, PAGED.replace("bf16", "f16"), "element type (would round): bf16 in A, f16 in B");
        assertRefused(paged, PAGED.replace("bf16", "int8"), "scales of int8: none in A, none in B");
    }

    private static void assertRefused(KvLayout from, String to, String sentence) {
        KvLayout target = KvDescriptor.parse(to).ranks().getFirst();
        assertThat(KvConversion.refusal(from, target, Rounding.REFUSED)
                        .orElseThrow()
                        .between("A", "B"))
                .isEqualTo(sentence);
        assertThat(KvConversion.refusal(from, from, Rounding.REFUSED)).isEmpty();
        assertThat(KvShards.refusal(List.of(from), List.of(target), Rounding.REFUSED))
                .isPresent();
    }
}
