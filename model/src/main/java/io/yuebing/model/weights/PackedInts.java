package io.yuebing.model.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/** Codes of 2 to 8 bits in little-endian 32-bit words, the first in the lowest bits; they may cross words. */
final class PackedInts {
    static final List<TensorType> TYPES = List.of(TensorType.I32);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private PackedInts() {}

    /** All words of a tensor. */
    static int[] read(TensorInfo tensor) {
        try (Arena mapping = Arena.ofConfined()) {
            int[] values = new int[Math.toIntExact(tensor.elements())];
            MemorySegment.copy(Checkpoint.map(tensor, mapping), INT, 0, values, 0, values.length);
            return values;
        }
    }

    /** How many codes come before the pattern of codes and words repeats: 32 / bits, or 32 if they cross words. */
    static int period(int bits) {
        return Integer.SIZE % bits == 0 ? Integer.SIZE / bits : Integer.SIZE;
    }

    /** Words of so many codes, which must be whole periods. */
    static int words(int codes, int bits) {
        return Math.toIntExact((long) codes * bits / Integer.SIZE);
    }

    /**
     * A code.
     *
     * @param low the word in which it begins
     * @param high the next one; any if it ends in {@code low}
     * @param shift where it begins in {@code low}
     */
    static int code(int low, int high, int shift, int bits) {
        return (int) (((long) high << Integer.SIZE | low & 0xFFFF_FFFFL) >>> shift) & (1 << bits) - 1;
    }
}
