package io.yuebing.kv;

import java.util.Arrays;

/** The blocks of one sequence, in order: position p lies in block {@code get(p / blockSize)} at slot {@code p % blockSize}. */
public final class BlockTable {
    private int[] blocks = new int[8];
    private int size;

    /** Blocks that hold {@code tokens} tokens, the last one perhaps partly. */
    public static int blocksFor(int tokens, int blockSize) {
        return Math.ceilDiv(tokens, blockSize);
    }

    /** Number of blocks. */
    public int size() {
        return size;
    }

    public int get(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException("block " + index + " of a table of " + size);
        }
        return blocks[index];
    }

    public void append(int block) {
        if (size == blocks.length) {
            blocks = Arrays.copyOf(blocks, size * 2);
        }
        blocks[size++] = block;
    }

    public void appendAll(int[] more) {
        for (int block : more) {
            append(block);
        }
    }

    public void clear() {
        size = 0;
    }

    /** The table's own array, for readers that must not wait for a copy; entries from {@link #size()} on mean nothing. */
    public int[] array() {
        return blocks;
    }

    /** A copy with exactly {@link #size()} entries. */
    public int[] toArray() {
        return Arrays.copyOf(blocks, size);
    }
}
