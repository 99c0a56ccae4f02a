package io.yuebing.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class MedianTest {
    @Test
    void oneWildValueDoesNotMoveIt() {
        assertThat(Median.of(List.of(3.0, 1e9, 1.0))).isEqualTo(3);
        assertThat(Median.of(List.of(4.0, 1.0, 2.0, -1e9))).isEqualTo(1.5);
    }

    @Test
    void nothingHasNone() {
        assertThatThrownBy(() -> Median.of(List.of())).isInstanceOf(IllegalArgumentException.class);
    }
}
