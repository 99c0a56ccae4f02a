package io.yuebing.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yuebing.api.UserError;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class KvSizingTest {
    private static final long BLOCK = 1 << 10;
    private static final int PER_SEQUENCE = 256;
    private static final long MACHINE = 64L << 20;

    private static KvSizing choose(Optional<Integer> blocks, Optional<Long> bytes, long machine) {
        return KvSizing.choose(blocks, bytes, new KvSizing.Need(BLOCK, PER_SEQUENCE), machine);
    }

    @Test
    void wishesGoBeforeTheMachine() {
        assertThat(choose(Optional.of(300), Optional.of(MACHINE), MACHINE).blocks())
                .isEqualTo(300);
        assertThat(choose(Optional.empty(), Optional.of(500 * BLOCK + 7), MACHINE))
                .isEqualTo(new KvSizing(500, 500 * BLOCK, "kv-memory"));
    }

    @Test
    void withoutWishesAQuarterOfTheMachineOrSixteenSequences() {
        assertThat(choose(Optional.empty(), Optional.empty(), 4 << 20).blocks()).isEqualTo(1024);
        assertThat(choose(Optional.empty(), Optional.empty(), 1L << 40).blocks())
                .isEqualTo(16 * PER_SEQUENCE);
    }

    @Test
    void roomForLessThanOneSequenceIsRefusedWithBothNumbers() {
        assertThatThrownBy(() -> choose(Optional.of(255), Optional.empty(), MACHINE))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("255 blocks (kv-blocks)")
                .hasMessageContaining("needs 256");
    }
}
