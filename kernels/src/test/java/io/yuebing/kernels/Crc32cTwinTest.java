package io.yuebing.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Both ways to a checksum give that of the definition, and copy exactly; the build runs this at several widths. */
class Crc32cTwinTest {
    /** Of the polynomial, reversed. */
    private static final int CASTAGNOLI = 0x82F63B78;

    private static final int MARGIN = 80;

    /** One of the two ways. */
    private interface Way {
        int of(MemorySegment bytes);

        int copy(MemorySegment from, MemorySegment to, boolean pastCaches);
    }

    private static final Way JAVA = new Way() {
        @Override
        public int of(MemorySegment bytes) {
            return Crc32c.javaOf(bytes);
        }

        @Override
        public int copy(MemorySegment from, MemorySegment to, boolean pastCaches) {
            return Crc32c.javaCopy(from, to);
        }
    };
    private static final Way NATIVE = new Way() {
        @Override
        public int of(MemorySegment bytes) {
            return NativeCrc32c.of(bytes);
        }

        @Override
        public int copy(MemorySegment from, MemorySegment to, boolean pastCaches) {
            return NativeCrc32c.copy(from, to, pastCaches);
        }
    };

    /** Bit by bit, as it is defined. */
    private static int defined(byte[] bytes, int from, int length) {
        int crc = -1;
        for (int i = from; i < from + length; i++) {
            crc ^= bytes[i] & 0xFF;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) * CASTAGNOLI);
            }
        }
        return ~crc;
    }

    @Test
    void theKnownValueOfTheStandardComesOut() {
        MemorySegment digits = MemorySegment.ofArray("123456789".getBytes(StandardCharsets.US_ASCII));

        assertThat(Crc32c.of(digits)).isEqualTo(0xE3069283);
    }

    @Test
    void javaGivesTheDefinedChecksum() {
        check(JAVA);
    }

    @Test
    void nativeLoopsGiveTheDefinedChecksum() {
        assumeTrue(NativeCrc32c.available(), "SKIPPED: this build has no native checksums for this processor");
        check(NATIVE);
    }

    private static void check(Way way) {
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            int length = seed < 1200 ? seed : random.nextInt(20_000);
            checkOnce(way, random, length, "length %d and seed %d".formatted(length, seed));
        }
        checkOnce(way, new Random(1), (256 << 10) + 77, "more than a call's bytes");
    }

    private static void checkOnce(Way way, Random random, int length, String what) {
        byte[] all = new byte[length + MARGIN];
        random.nextBytes(all);
        int from = random.nextInt(MARGIN);
        int to = random.nextInt(MARGIN);
        boolean pastCaches = random.nextBoolean();
        int expected = defined(all, from, length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = arena.allocate(all.length, 64).copyFrom(MemorySegment.ofArray(all));
            MemorySegment target = arena.allocate(all.length, 64).fill((byte) 0x5A);

            assertThat(way.of(source.asSlice(from, length))).as(what).isEqualTo(expected);
            assertThat(way.of(MemorySegment.ofArray(all).asSlice(from, length)))
                    .as(what)
                    .isEqualTo(expected);
            assertThat(way.copy(source.asSlice(from, length), target.asSlice(to, length), pastCaches))
                    .as(what)
                    .isEqualTo(expected);

            assertThat(target.asSlice(to, length).mismatch(source.asSlice(from, length)))
                    .as(what)
                    .isEqualTo(-1);
            for (int i = 0; i < to; i++) {
                assertThat(target.get(ValueLayout.JAVA_BYTE, i)).as(what).isEqualTo((byte) 0x5A);
            }
            for (int i = to + length; i < all.length; i++) {
                assertThat(target.get(ValueLayout.JAVA_BYTE, i)).as(what).isEqualTo((byte) 0x5A);
            }
        }
    }

    @Test
    void aTargetThatIsTooSmallIsRefused() {
        MemorySegment from = MemorySegment.ofArray(new byte[100]);

        assertThatThrownBy(() -> Crc32c.copy(from, MemorySegment.ofArray(new byte[99]), false))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
