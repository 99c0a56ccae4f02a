package io.yuebing.kv;

import static org.assertj.core.api.Assertions.assertThat;

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
}
