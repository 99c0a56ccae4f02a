package io.yuebing.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.yuebing.kernels.NativeMove;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Any box arrives as if it had been copied element by element, whichever innermost loops do it. */
class LoopNestTest {
    private static final int BOXES = 3000;
    private static final byte UNTOUCHED = 77;

    /** A box, and the memory that it takes on each side. */
    private record Box(int elementBytes, List<LoopNest.Digit> digits, long fromBytes, long toBytes) {
        /** Digits with strides as from two orders of the same axes, some of them padded. */
        static Box random(Random random) {
            int elementBytes = 1 << random.nextInt(4);
            int axes = 1 + random.nextInt(4);
            List<Integer> order = new ArrayList<>();
            long[] sizes = new long[axes];
            for (int i = 0; i < axes; i++) {
                order.add(i);
                sizes[i] = 1 + random.nextInt(random.nextBoolean() ? 40 : 5);
            }
            long[] from = strides(random, elementBytes, sizes, order);
            Collections.shuffle(order, random);
            long[] to = strides(random, elementBytes, sizes, order);
            List<LoopNest.Digit> digits = new ArrayList<>();
            long fromBytes = elementBytes;
            long toBytes = elementBytes;
            for (int i = 0; i < axes; i++) {
                digits.add(new LoopNest.Digit(sizes[i], from[i], to[i]));
                fromBytes += (sizes[i] - 1) * from[i];
                toBytes += (sizes[i] - 1) * to[i];
            }
            return new Box(elementBytes, digits, fromBytes, toBytes);
        }

        private static long[] strides(Random random, int elementBytes, long[] sizes, List<Integer> innermostFirst) {
            long[] strides = new long[sizes.length];
            long stride = elementBytes;
            for (int axis : innermostFirst) {
                strides[axis] = stride;
                stride *= sizes[axis];
                stride += random.nextInt(4) == 0 ? 16L * random.nextInt(3) : 0;
            }
            return strides;
        }

        void copyOneByOne(MemorySegment source, long s, MemorySegment target, long t, int depth) {
            if (depth == digits.size()) {
                MemorySegment.copy(source, s, target, t, elementBytes);
                return;
            }
            LoopNest.Digit digit = digits.get(depth);
            for (long i = 0; i < digit.size(); i++) {
                copyOneByOne(source, s + i * digit.from(), target, t + i * digit.to(), depth + 1);
            }
        }
    }

    private static void assumeThere(LoopNest.Loops loops) {
        assumeTrue(loops == LoopNest.Loops.JAVA || NativeMove.available(), "SKIPPED: this build has no native kernels");
    }

    @ParameterizedTest
    @EnumSource
    void everyBoxArrivesAndNothingBesideItChanges(LoopNest.Loops loops) {
        assumeThere(loops);
        for (int seed = 0; seed < BOXES; seed++) {
            Random random = new Random(seed);
            Box box = Box.random(random);
            long sourceAt = random.nextBoolean() ? 0 : random.nextInt(9);
            long targetAt = random.nextBoolean() ? 0 : random.nextInt(9);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment source = arena.allocate(box.fromBytes() + sourceAt, 64);
                for (long i = 0; i < source.byteSize(); i++) {
                    source.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
                }
                MemorySegment expected =
                        arena.allocate(box.toBytes() + targetAt + 16, 64).fill(UNTOUCHED);
                MemorySegment actual =
                        arena.allocate(box.toBytes() + targetAt + 16, 64).fill(UNTOUCHED);
                box.copyOneByOne(source, sourceAt, expected, targetAt, 0);
                LoopNest.of(box.elementBytes(), box.digits(), loops).copy(source, sourceAt, actual, targetAt);
                assertThat(actual.mismatch(expected))
                        .as("first wrong byte of %s, seed %d", box, seed)
                        .isEqualTo(-1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBoxThatDoesNotLieInItsMemoryIsRefused(LoopNest.Loops loops) {
        assumeThere(loops);
        LoopNest nest = LoopNest.of(2, List.of(new LoopNest.Digit(16, 2, 64), new LoopNest.Digit(32, 32, 2)), loops);
        MemorySegment small = MemorySegment.ofArray(new byte[1023]);
        MemorySegment large = MemorySegment.ofArray(new byte[1024]);
        assertThatThrownBy(() -> nest.copy(small, 0, large, 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> nest.copy(large, 0, small, 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> nest.copy(large, -2, large, 0)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
