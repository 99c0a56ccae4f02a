package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class LargePageArenaTest {
    private static final long MIB = 1 << 20;

    @Test
    void allocationsAreZeroAlignedAndApart() {
        long seed = System.nanoTime();
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        try (LargePageArena arena = new LargePageArena()) {
            List<MemorySegment> all = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                long alignment = 1L << random.nextInt(13);
                MemorySegment segment = arena.allocate(random.nextLong(0, i % 50 == 0 ? 90 * MIB : MIB), alignment);
                assertThat(segment.address() % alignment).as("seed %d", seed).isZero();
                for (long at = 0; at < segment.byteSize(); at += 4096) {
                    assertThat(segment.get(ValueLayout.JAVA_BYTE, at))
                            .as("seed %d", seed)
                            .isZero();
                    segment.set(ValueLayout.JAVA_BYTE, at, (byte) i);
                }
                all.add(segment);
            }
            for (int i = 0; i < all.size(); i++) {
                for (long at = 0; at < all.get(i).byteSize(); at += 4096) {
                    assertThat(all.get(i).get(ValueLayout.JAVA_BYTE, at))
                            .as("seed %d", seed)
                            .isEqualTo((byte) i);
                }
            }
        }
    }

    @Test
    void everyObstacleToLargePagesHasItsName() {
        assertThat(PageFallback.obstacle("Linux", true, "always [madvise] never"))
                .isEmpty();
        assertThat(PageFallback.obstacle("Linux", true, "[always] madvise never"))
                .isEmpty();
        assertThat(PageFallback.obstacle("Linux", true, "always madvise [never]"))
                .contains(PageFallback.SWITCHED_OFF);
        assertThat(PageFallback.obstacle("Linux", true, "")).contains(PageFallback.SWITCHED_OFF);
        assertThat(PageFallback.obstacle("Linux", false, "[always] madvise never"))
                .contains(PageFallback.NO_NATIVE_ACCESS);
        assertThat(PageFallback.obstacle("Mac OS X", true, "")).contains(PageFallback.NOT_LINUX);
    }

    @Test
    void allocationsInSmallPagesAreCounted() {
        Optional<PageFallback> expected = PageFallback.obstacle(
                System.getProperty("os.name"),
                LargePageArena.class.getModule().isNativeAccessEnabled(),
                PageFallback.linuxSetting());
        long before = fallbacks();
        try (LargePageArena arena = new LargePageArena()) {
            arena.allocate(MIB, 64);
            arena.allocate(MIB, 64);
        }
        assertThat(fallbacks() - before).isEqualTo(expected.isPresent() ? 2 : 0);
    }

    private static long fallbacks() {
        return Arrays.stream(PageFallback.values())
                .mapToLong(LargePageArena::fallbacks)
                .sum();
    }

    @Test
    void memoryIsGoneWithTheArena() {
        LargePageArena arena = new LargePageArena();
        MemorySegment segment = arena.allocate(MIB, 64);
        arena.close();
        assertThat(segment.scope().isAlive()).isFalse();
        assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> arena.allocate(MIB, 64)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatNoMachineHasIsRefusedAsByOtherArenas() {
        try (LargePageArena arena = new LargePageArena()) {
            long before = fallbacks();
            assertThatThrownBy(() -> arena.allocate(1L << 60, 64)).isInstanceOf(OutOfMemoryError.class);
            assertThat(fallbacks()).isEqualTo(before + 1);
        }
    }
}
