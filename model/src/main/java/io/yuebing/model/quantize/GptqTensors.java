package io.yuebing.model.quantize;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A quantised matrix as AutoGPTQ's tensors, in the layout that {@link io.yuebing.model.weights.GptqFormat} draws; the zero
 * points of version 1 are stored as one less.
 */
record GptqTensors(GptqMatrix matrix) {

    /** Codes of a 32-bit word. */
    static int perWord(int bits) {
        return Integer.SIZE / bits;
    }

    /** {@code I32 [inputs * bits / 32][outputs]} */
    ByteBuffer qweight() {
        int perWord = perWord(matrix.bits());
        ByteBuffer words = buffer((long) matrix.inputs() / perWord * matrix.outputs() * Integer.BYTES);
        for (int input = 0; input < matrix.inputs(); input += perWord) {
            for (int output = 0; output < matrix.outputs(); output++) {
                int word = 0;
                for (int i = 0; i < perWord; i++) {
                    word |= (matrix.codes()[output * matrix.inputs() + input + i] & 0xFF) << i * matrix.bits();
                }
                words.putInt(word);
            }
        }
        return words.flip();
    }

    /** {@code I32 [groups][outputs * bits / 32]} */
    ByteBuffer qzeros() {
        int word = 0;
        for (int i = 0; i < perWord(matrix.bits()); i++) {
            word |= matrix.zero() - 1 << i * matrix.bits();
        }
        int words = matrix.groups() * (matrix.outputs() / perWord(matrix.bits()));
        ByteBuffer zeros = buffer((long) words * Integer.BYTES);
        for (int i = 0; i < words; i++) {
            zeros.putInt(word);
        }
        return zeros.flip();
    }

    /** {@code F16 [groups][outputs]} */
    ByteBuffer scales() {
        ByteBuffer scales = buffer((long) matrix.scales().length * Short.BYTES);
        for (short scale : matrix.scales()) {
            scales.putShort(scale);
        }
        return scales.flip();
    }

    /** {@code I32 [inputs]} */
    ByteBuffer groupIndex() {
        ByteBuffer groups = buffer((long) matrix.inputs() * Integer.BYTES);
        for (int group : matrix.groupOf()) {
            groups.putInt(group);
        }
        return groups.flip();
    }

    private static ByteBuffer buffer(long bytes) {
        return ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
    }
}
