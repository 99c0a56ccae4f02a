package io.yuebing.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.kv.ElementType;
import io.yuebing.kv.KvLayout;
import io.yuebing.kv.KvTransferType;
import io.yuebing.kv.LayerGroup;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LayoutHelloTest {
    private static final KvLayout LAYOUT = KvLayout.nativeLayout(24, 512, 2, 16, 64, ElementType.BF16, "abc");
    private static final LayoutHello HELLO = hello("decode node B", LAYOUT);

    private static final String JSON = """
            {"node":"decode node B","kv_layout":{"name":"native",\
            "axes":["layer","block","kv","head","token","channel"],\
            "sizes":[24,512,2,2,16,64],"strides":[4194304,8192,4096,2048,128,2],\
            "offset":0,"separate":0,"dtype":"bf16","holding":"split_axis",\
            "heads":{"from":0,"to":2},"layers":{"from":0,"to":24},"fingerprint":"abc"}}""";

    private static LayoutHello hello(String node, KvLayout layout) {
        return new LayoutHello(
                node, Optional.empty(), layout, LayerGroup.all(layout.layers().size()), List.of(), KvTransferType.AUTO);
    }

    private static LayoutHello parse(String json) {
        return LayoutHello.parse(json.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aHelloIsThisJson() {
        assertThat(new String(HELLO.toJson(), StandardCharsets.UTF_8)).isEqualTo(JSON);
    }

    @Test
    void everyLayoutComesBackExactly() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            KvLayout layout = KvLayout.nativeLayout(
                    1 + random.nextInt(100),
                    1 + random.nextInt(1 << 20),
                    1 + random.nextInt(64),
                    1 << random.nextInt(8),
                    1 + random.nextInt(512),
                    ElementType.values()[random.nextInt(ElementType.values().length)],
                    Long.toHexString(random.nextLong()));
            LayoutHello hello = hello("节点 \"" + seed + "\"\n", layout);
            assertThat(LayoutHello.parse(hello.toJson())).as("seed %d", seed).isEqualTo(hello);
        }
    }

    @Test
    void furtherHostsComeBackAndAreBounded() {
        LayoutHello hello = new LayoutHello(
                "node",
                Optional.of("id"),
                LAYOUT,
                LayerGroup.all(24),
                List.of("10.1.0.2", "fd00::2"),
                KvTransferType.AUTO);
        assertThat(LayoutHello.parse(hello.toJson())).isEqualTo(hello);
        LayoutHello boundless = new LayoutHello(
                "node",
                Optional.empty(),
                LAYOUT,
                LayerGroup.all(24),
                Collections.nCopies(17, "a"),
                KvTransferType.AUTO);
        for (String wrong : List.of(
                JSON.replace("{\"node\"", "{\"further_hosts\":[7],\"node\""),
                new String(boundless.toJson(), StandardCharsets.UTF_8))) {
            assertThatThrownBy(() -> parse(wrong))
                    .hasMessage("a KV layout hello whose field 'further_hosts' should be a list of at most 16 hosts");
        }
    }

    @Test
    void groupsOfLayersAreDeclaredAndCompared() {
        List<LayerGroup> groups = List.of(new LayerGroup(512, List.of(0, 1)), new LayerGroup(0, List.of(2, 3)));
        LayoutHello hello =
                new LayoutHello("prefill node A", Optional.empty(), LAYOUT, groups, List.of(), KvTransferType.AUTO);
        assertThat(new String(hello.toJson(), StandardCharsets.UTF_8))
                .endsWith(",\"layer_groups\":[{\"window\":512,\"layers\":[0,1]},{\"window\":0,\"layers\":[2,3]}]}");
        assertThat(LayoutHello.parse(hello.toJson())).isEqualTo(hello);
        LayoutHello other = new LayoutHello(
                "decode node B",
                Optional.empty(),
                LAYOUT,
                List.of(new LayerGroup(256, List.of(0, 1)), new LayerGroup(0, List.of(2, 3))),
                List.of(),
                KvTransferType.AUTO);
        assertThat(LayoutHello.mismatch(hello, other))
                .contains("KV layouts differ between prefill node A and decode node B: layer groups:"
                        + " [window 512: 0 1, all positions: 2 3] here, [window 256: 0 1, all positions: 2 3] there;"
                        + " start both with the same model and release");
        assertThatThrownBy(() -> parse(JSON.replace("{\"node\"", "{\"layer_groups\":[{\"window\":-1}],\"node\"")))
                .hasMessage("a KV layout hello whose field 'layer_groups' should hold windows and layers and holds -1");
    }

    @Test
    void howBlocksTravelIsDeclaredAndCompared() {
        LayoutHello codes = HELLO.withTransferType(KvTransferType.INT8);
        assertThat(new String(codes.toJson(), StandardCharsets.UTF_8)).endsWith(",\"transfer_dtype\":\"int8\"}");
        assertThat(LayoutHello.parse(codes.toJson())).isEqualTo(codes);
        LayoutHello prefill = hello("prefill node A", LAYOUT);
        assertThat(LayoutHello.mismatch(prefill, codes))
                .contains("KV layouts differ between prefill node A and decode node B: element type on the way: bf16"
                        + " here, int8 there; start both with the same --kv-transfer-dtype");
        LayoutHello codesAnyway = hello("A", KvLayout.nativeLayout(24, 9, 2, 16, 64, ElementType.INT8, "abc"));
        assertThat(LayoutHello.mismatch(codesAnyway, codesAnyway.withTransferType(KvTransferType.INT8)))
                .as("an int8 cache travels as it is")
                .isEmpty();
        assertThatThrownBy(() -> parse(JSON.replace("{\"node\"", "{\"transfer_dtype\":\"int4\",\"node\"")))
                .hasMessage("unknown KV transfer type 'int4'; one of auto, int8");
    }

    @Test
    void elementsMayBecomeWiderOnTheirWayToTheDecodeNodeOnly() {
        for (KvTransferType type : KvTransferType.values()) {
            LayoutHello wide = of(ElementType.F32, type);
            for (ElementType narrow : List.of(ElementType.F16, ElementType.BF16)) {
                assertThat(LayoutHello.mismatch(of(narrow, type), wide))
                        .as("%s", narrow)
                        .isEmpty();
                assertThat(LayoutHello.mismatch(wide, of(narrow, type)))
                        .as("%s", narrow)
                        .isPresent();
            }
            assertThat(LayoutHello.mismatch(of(ElementType.F16, type), of(ElementType.BF16, type)))
                    .as("neither has all values of the other")
                    .isPresent();
            assertThat(LayoutHello.mismatch(of(ElementType.INT8, type), wide))
                    .as("a code times its scale may need rounding")
                    .isPresent();
        }
        assertThat(LayoutHello.mismatch(
                        of(ElementType.F16, KvTransferType.AUTO), of(ElementType.F32, KvTransferType.INT8)))
                .isPresent();
    }

    private static LayoutHello of(ElementType elements, KvTransferType type) {
        return hello("node", KvLayout.nativeLayout(24, 9, 2, 16, 64, elements, "abc"))
                .withTransferType(type);
    }

    @Test
    void unknownFieldsAreIgnored() {
        String later =
                JSON.replace("{\"name\"", "{\"colours\":[1,2],\"name\"").replace("{\"node\"", "{\"v\":2,\"node\"");
        assertThat(parse(later)).isEqualTo(HELLO);
    }

    @Test
    void aMissingFieldIsNamed() {
        for (String field : List.of("node", "kv_layout")) {
            assertThatThrownBy(() -> parse(JSON.replace("\"" + field + "\":", "\"x\":")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a KV layout hello without the field '" + field + "'");
        }
        for (String field : List.of("name", "axes", "sizes", "strides", "dtype", "holding")) {
            assertThatThrownBy(() -> parse(JSON.replace("\"" + field + "\":", "\"x\":")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a KV layout without the field '" + field + "'");
        }
    }

    @Test
    void aMistypedFieldIsNamed() {
        assertThatThrownBy(() -> parse(JSON.replace("\"abc\"", "7")))
                .hasMessage("a KV layout whose field 'fingerprint' should be a text and is 7");
        assertThatThrownBy(() -> parse(JSON.replace("8192", "8192.5")))
                .hasMessage("a KV layout whose field 'strides' should be an integer and is 8192.5");
        assertThatThrownBy(() -> parse(JSON.replace("split_axis", "folded")))
                .hasMessage("a KV layout whose field 'holding' holds the unknown 'folded'; one of split_axis, packed,"
                        + " x_packed, latent");
    }

    @Test
    void damagedJsonIsAlwaysAnIllegalArgument() {
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            byte[] json = JSON.getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < 3; i++) {
                json[random.nextInt(json.length)] = (byte) random.nextInt();
            }
            String refusal = LayoutGreeting.ofDecode(HELLO).refuse(json).orElse("accepted");
            assertThat(refusal).as("seed %d", seed).isNotBlank();
        }
    }

    @Test
    void aMismatchNamesBothSidesTheFieldAndTheRemedy() {
        LayoutHello prefill =
                hello("prefill node A", KvLayout.nativeLayout(24, 100, 2, 16, 64, ElementType.F32, "abc"));
        String sentence = "KV layouts differ between prefill node A and decode node B: element type: f32 here, bf16"
                + " there; start both with the same --kv-dtype, or the decode node with f32, to which f16 and bf16"
                + " widen exactly";
        assertThat(LayoutHello.mismatch(prefill, HELLO)).contains(sentence);
        assertThat(LayoutGreeting.ofPrefill(prefill).refuse(HELLO.toJson())).contains(sentence);
        assertThat(LayoutGreeting.ofDecode(HELLO).refuse(prefill.toJson())).contains(sentence);
        assertThat(LayoutGreeting.ofOwner(HELLO).refuse(prefill.toJson()))
                .as("it may pull")
                .isEmpty();
    }

    @Test
    void theNumberOfBlocksMayDiffer() {
        LayoutHello small = hello("prefill node A", KvLayout.nativeLayout(24, 100, 2, 16, 64, ElementType.BF16, "abc"));
        assertThat(LayoutHello.mismatch(small, HELLO)).isEmpty();
    }
}
