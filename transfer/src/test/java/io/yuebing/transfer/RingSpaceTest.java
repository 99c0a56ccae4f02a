package io.yuebing.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RingSpaceTest {
    private record Piece(long offset, int bytes, long mark) {
        boolean overlaps(Piece other) {
            return offset < other.offset + other.bytes && other.offset < offset + bytes;
        }
    }

    @Test
    void piecesNeverOverlapOrLeaveTheRing() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            long capacity = 64L * (1 + random.nextInt(64));
            RingSpace space = new RingSpace(capacity);
            ArrayDeque<Piece> out = new ArrayDeque<>();
            for (int step = 0; step < 500; step++) {
                if (random.nextInt(3) == 0 && !out.isEmpty()) {
                    space.free(out.removeFirst().mark());
                    continue;
                }
                int bytes = 1 + random.nextInt((int) capacity);
                long offset = space.allocate(bytes);
                if (offset < 0) {
                    assertThat(out)
                            .as("seed %d, step %d: an empty ring has room", seed, step)
                            .isNotEmpty();
                    continue;
                }
                Piece piece = new Piece(offset, bytes, space.mark());
                assertThat(offset + bytes).as("seed %d, step %d", seed, step).isLessThanOrEqualTo(capacity);
                for (Piece other : out) {
                    assertThat(piece.overlaps(other))
                            .as("seed %d, step %d: %s, %s", seed, step, piece, other)
                            .isFalse();
                }
                out.add(piece);
            }
        }
    }

    @Test
    void anEmptyRingBeginsAtItsStart() {
        RingSpace space = new RingSpace(1024);
        assertThat(space.allocate(100)).isZero();
        assertThat(space.allocate(100)).isEqualTo(128);
        space.free(space.mark());
        assertThat(space.allocate(100)).isZero();
    }
}
