package io.yuebing.bench.make;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/** Writes the content of one tensor, piece by piece; may remember how far it is. */
@FunctionalInterface
interface Fill {
    /** Pieces are multiples of this, and so of every element and block written here: 2, 4, 18 and 34 bytes. */
    int UNIT = 2 * 2 * 9 * 17;

    /**
     * Fills the buffer, little-endian, from its position to its limit.
     *
     * @param random of this tensor
     */
    void into(ByteBuffer piece, SplittableRandom random);

    /** 16-bit floats of one value. */
    static Fill halves(short bits) {
        return (piece, random) -> {
            while (piece.hasRemaining()) {
                piece.putShort(bits);
            }
        };
    }

    /** Equal ints. */
    static Fill ints(int value) {
        return (piece, random) -> {
            while (piece.hasRemaining()) {
                piece.putInt(value);
            }
        };
    }

    /** Random bits. */
    static Fill bits() {
        return (piece, random) -> {
            byte[] bytes = new byte[piece.remaining()];
            random.nextBytes(bytes);
            piece.put(bytes);
        };
    }

    /** Equal floats. */
    static Fill floats(float value) {
        return ints(Float.floatToRawIntBits(value));
    }

    /** Uniform floats around zero. */
    static Fill uniformFloats(float most) {
        return (piece, random) -> {
            while (piece.hasRemaining()) {
                piece.putFloat(uniform(random, most));
            }
        };
    }

    /** Uniform bfloat16 around zero. */
    static Fill uniformBf16(float most) {
        return (piece, random) -> {
            while (piece.hasRemaining()) {
                piece.putShort((short) (Float.floatToRawIntBits(uniform(random, most)) >>> Short.SIZE));
            }
        };
    }

    /** Uniform half-precision floats around zero. */
    static Fill uniformF16(float most) {
        return (piece, random) -> {
            while (piece.hasRemaining()) {
                piece.putShort(Float.floatToFloat16(uniform(random, most)));
            }
        };
    }

    /** Blocks of GGUF: a scale in half precision, then {@code codeBytes} random bytes. */
    static Fill blocks(int codeBytes, float scale) {
        short bits = Float.floatToFloat16(scale);
        return (piece, random) -> {
            byte[] codes = new byte[codeBytes];
            while (piece.hasRemaining()) {
                random.nextBytes(codes);
                piece.putShort(bits).put(codes);
            }
        };
    }

    /** {@code 0, 0, ..., 1, 1, ...}: each number {@code times} times. */
    static Fill countingUp(int times) {
        int[] index = {0};
        return (piece, random) -> {
            while (piece.hasRemaining()) {
                piece.putInt(index[0]++ / times);
            }
        };
    }

    private static float uniform(SplittableRandom random, float most) {
        return (random.nextInt() >> 7) * 0x1p-24f * most;
    }
}
