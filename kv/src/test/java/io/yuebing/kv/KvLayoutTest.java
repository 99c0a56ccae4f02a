package io.yuebing.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class KvLayoutTest {
    @Test
    void scalesStandBehindTheChannelsAndTravelWithTheirBlock() {
        KvLayout layout = KvLayout.nativeLayout(3, 5, 2, 16, 64, ElementType.INT8, "model");
        assertThat(layout.stride(KvAxis.CHANNEL)).isEqualTo(1);
        assertThat(layout.stride(KvAxis.TOKEN)).isEqualTo(64 + 4);
        assertThat(layout.stride(KvAxis.HEAD)).isEqualTo(16 * 68);
        assertThat(layout.blockBytes()).isEqualTo(2 * 2 * 16 * 68).isEqualTo(layout.stride(KvAxis.BLOCK));
        assertThat(layout.byteSize()).isEqualTo(3L * 5 * layout.blockBytes());
    }

    @Test
    void everyElementTypeIsReadBackFromItsName() {
        for (ElementType type : ElementType.values()) {
            assertThat(ElementType.parse(type.wireName())).isEqualTo(type);
        }
    }

    @Test
    void latentRowsHaveNoValuesOfTheirOwnAndSurviveTheHandshake() {
        for (ElementType type : List.of(ElementType.F32, ElementType.BF16, ElementType.INT8)) {
            KvLayout layout = KvLayout.nativeLatentLayout(3, 5, 16, 576, type, "model");
            int row = 576 * type.bytes() + (type == ElementType.INT8 ? 4 : 0);
            assertThat(layout.holding()).isEqualTo(KvHolding.LATENT);
            assertThat(layout.heads()).isEqualTo(Range.of(1));
            assertThat(layout.blockBytes()).isEqualTo(16 * row);
            assertThat(layout.blockOffset(2, 1)).isEqualTo((2 * 5 + 1) * 16L * row);
            assertThat(layout.byteSize()).isEqualTo(3L * 5 * 16 * row);
            assertThat(KvLayoutJson.read(KvLayoutJson.write(layout))).isEqualTo(layout);
            assertThat(layout.mismatch(KvLayout.nativeLatentLayout(3, 9, 16, 576, type, "model")))
                    .isEmpty();
        }
    }
}
